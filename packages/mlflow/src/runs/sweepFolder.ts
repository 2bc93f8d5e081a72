// The sweep that a run belongs to, which MLflow shows as a run with the sweep's runs under it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { flatParams, isOver, mlflowStatus, type RunProjection, tagNames } from './projectRun.ts';

const manifest = z.object({
  id: z.string(),
  createdAt: z.string(),
  spec: z.looseObject({ study: z.string(), search: z.looseObject({ id: z.string() }) }),
});
const job = z.object({ kind: z.literal('job'), runs: z.array(z.object({ run: z.string() })) });

/** A sweep as far as it is read here. */
export interface SweepFacts {
  readonly dir: string;
  readonly manifest: z.output<typeof manifest>;
  /** Ids of its runs when it was read. */
  readonly runs: ReadonlySet<string>;
}

/**
 * The sweeps beside the run folder `dir`, in `sweeps/`, oldest first. What cannot be read is passed over: a run can be shown
 * without its sweep.
 */
export function sweepsBeside(dir: string): SweepFacts[] {
  const folder = join(dirname(dir), 'sweeps');
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).flatMap((name) => {
    const parsed = manifest.safeParse(parse(read(join(folder, name, 'sweep.json'))));
    if (!parsed.success) return [];
    return [{ dir: join(folder, name), manifest: parsed.data, runs: runsIn(join(folder, name)) }];
  });
  return found.sort((a, b) => Date.parse(a.manifest.createdAt) - Date.parse(b.manifest.createdAt));
}

/** Ids of a sweep's runs so far: a search may find more while they train. */
function runsIn(dir: string): Set<string> {
  const lines = read(join(dir, 'journal.jsonl')).split('\n');
  return new Set(lines.flatMap((line) => job.safeParse(parse(line)).data?.runs ?? []).map(({ run }) => run));
}

/** The sweep as a run of its own, over while none of its runs waits or runs. Its `looplab.run_id` is `sweep-<id>`. */
export function projectSweep(sweep: SweepFacts): RunProjection {
  const { id, createdAt, spec } = sweep.manifest;
  return {
    experiment: spec.study,
    name: `sweep ${id}: ${spec.search.id}`,
    startTime: Date.parse(createdAt) || 0,
    params: flatParams(spec),
    firstTags: { 'mlflow.source.name': `looplab sweep ${spec.study}`, 'mlflow.source.type': 'LOCAL' },
    tags: { [tagNames.runId]: `sweep-${id}`, [tagNames.sweep]: id },
    ...endOf(sweep.dir),
  };
}

const runStatus = z.object({ status: z.string(), updatedAt: z.string() });

function endOf(dir: string): Pick<RunProjection, 'status' | 'endTime'> {
  let endTime = 0;
  for (const run of runsIn(dir)) {
    const parsed = runStatus.safeParse(parse(read(join(dir, '..', '..', run, 'status.json'))));
    if (!parsed.success || !isOver(mlflowStatus(parsed.data.status))) return { status: 'RUNNING' };
    endTime = Math.max(endTime, Date.parse(parsed.data.updatedAt) || 0);
  }
  return { status: 'FINISHED', endTime };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
