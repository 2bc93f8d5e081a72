// The analyses of a run as its folder keeps them: `artifacts/analysis/<id>.json`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FiguresError } from '../run.ts';

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const file = z.object({
  id: z.string(),
  title: z.string(),
  /** What decided the numbers beside the run. */
  settings: z.record(z.string(), cell).optional(),
  columns: z.record(z.string(), z.record(z.string(), z.string())),
  tables: z.record(z.string(), z.array(z.record(z.string(), cell))),
  notes: z.array(z.string()),
  skipped: z.string().optional(),
});

/** One analysis of one run: tables of plain rows, with what their columns mean. */
export type AnalysisRecord = z.output<typeof file>;

/**
 * Every analysis of the run in `dir`, by name; none where it has not been analysed.
 * @throws FiguresError where a file is not what the command writes
 */
export function readAnalyses(dir: string): AnalysisRecord[] {
  const folder = join(dir, 'artifacts', 'analysis');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      try {
        return file.parse(JSON.parse(readFileSync(path, 'utf8')));
      } catch (error) {
        throw new FiguresError(
          `${path} is not an analysis (${error instanceof Error ? error.message : String(error)}); run looplab analyze again`,
        );
      }
    });
}
