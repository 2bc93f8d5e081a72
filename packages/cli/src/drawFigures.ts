// Loads studies' `figures.ts` and draws or checks what they define.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { buildFigure, checkFigure, type Figure } from '@looplab/figures';
import { InputError } from './errors.ts';
import { importModule } from './loadStudy.ts';

/** Some figure on disk is not what its data give. */
class StaleFiguresError extends Error {
  override readonly name = 'StaleFiguresError';
  readonly exitCode = 1;
}

/** What was drawn or checked, study by study. */
export interface DrawnFigures {
  readonly study: string;
  readonly figures: readonly { readonly id: string; readonly files: readonly string[] }[];
}

/**
 * Draws every figure of a study into its `figures/` folder, or with `check` compares what lies there.
 * @param on.study a study's folder, its name under `on.experiments`, or `all`
 * @throws InputError for what is not there; FiguresError from a figure; StaleFiguresError where a check finds differences
 */
export async function drawFigures(on: {
  study: string;
  experiments: string;
  check: boolean;
  only?: string;
  say: (line: string) => void;
}): Promise<DrawnFigures[]> {
  const drawn: DrawnFigures[] = [];
  const known: string[] = [];
  const stale: string[] = [];
  for (const root of studyFolders(on.study, on.experiments)) {
    const figures = await loadFigures(join(root, 'figures.ts'));
    known.push(...figures.map((f) => f.id));
    const wanted = on.only === undefined ? figures : figures.filter((f) => f.id === on.only);
    if (wanted.length === 0) continue;
    const at = { root, out: join(root, 'figures') };
    const done: { id: string; files: string[] }[] = [];
    for (const figure of wanted) {
      if (on.study === 'all' && isAhead(figure, at)) {
        on.say(`${relative(process.cwd(), root)}: ${figure.id} left out, there are no data for it yet`);
        continue;
      }
      on.say(`${relative(process.cwd(), root)}: ${figure.id}`);
      const files = on.check ? await checkFigure(figure, at) : await buildFigure(figure, at);
      if (on.check) stale.push(...files);
      done.push({ id: figure.id, files: files.map((f) => relative(process.cwd(), f)) });
    }
    drawn.push({ study: relative(process.cwd(), root), figures: done });
  }
  if (drawn.length === 0) {
    const where = on.study === 'all' ? on.experiments : on.study;
    throw new InputError(`${where} has no figure ${on.only}; it has ${known.join(', ')}`);
  }
  if (stale.length > 0) {
    const list = stale.map((f) => `  ${relative(process.cwd(), f)}`).join('\n');
    throw new StaleFiguresError(
      `these files are not what their data give; draw them again with looplab figures ${on.study}:\n${list}`,
    );
  }
  return drawn;
}

/** Whether a figure was defined before the study ran: it was never drawn, and nothing is there to draw it from. */
function isAhead({ id, inputs }: Figure, { root, out }: { root: string; out: string }): boolean {
  return !existsSync(join(out, `${id}.svg`)) && inputs.some((path) => !existsSync(join(root, path)));
}

/**
 * The folders with a `figures.ts` that `study` names.
 * @throws InputError where there is none
 */
export function studyFolders(study: string, experiments: string): string[] {
  const has = (folder: string): boolean => existsSync(join(folder, 'figures.ts'));
  const all = existsSync(experiments)
    ? readdirSync(experiments)
        .sort()
        .map((name) => join(experiments, name))
        .filter(has)
    : [];
  if (study === 'all') {
    if (all.length > 0) return all.map((folder) => resolve(folder));
    throw new InputError(`no study in ${experiments} has a figures.ts; name the folder with --experiments`);
  }
  const found = [study, join(experiments, study)].find(has);
  if (found !== undefined) return [resolve(found)];
  throw new InputError(
    `there is no ${join(study, 'figures.ts')}, nor one in ${join(experiments, study)}; studies with figures: ${all.join(', ') || 'none'}`,
  );
}

async function loadFigures(path: string): Promise<readonly Figure[]> {
  const { default: figures } = await importModule(path, path);
  const isFigure = (f: Partial<Figure> | null): boolean =>
    typeof f?.id === 'string' &&
    Array.isArray(f.inputs) &&
    typeof f.table === 'function' &&
    typeof f.chart === 'function';
  if (!Array.isArray(figures) || figures.length === 0 || !figures.every(isFigure)) {
    throw new InputError(`${path} exports no figures; end it with: export default [defineFigure({ ... })]`);
  }
  return figures as Figure[]; // each was looked at above
}
