// What an analysis is given beside its run: the run that writes the same chain, and the final losses of all runs.
import { join } from 'node:path';
import type { AnalysisContext, ScalingPoint } from '@looplab/analysis';
import type { Run } from '@looplab/figures';
import { type LoadedRun, loadRun, readJsonLines } from '@looplab/train';
import { InputError } from './errors.ts';

/**
 * The run among `runs` that writes chains, of the same seed where there are several; undefined for a run that writes
 * itself. Its parameters are the caller's to dispose of.
 * @throws InputError where none of them writes chains, or none of several has the seed
 */
export function writerFor(
  { seed, task }: LoadedRun,
  runs: readonly Run[],
  checkpoint: 'last' | 'best',
): (LoadedRun & Required<AnalysisContext>['writer']) | undefined {
  if (task.name === 'withChain') return undefined;
  const writers = runs.filter((run) => run.task === 'withChain');
  const found = writers.length === 1 ? writers[0] : writers.find((run) => run.seed === seed);
  if (found) return loadRun(found.dir, { checkpoint });
  throw new InputError(
    writers.length === 0
      ? 'none of the runs given as --writer was trained on withChain(...); name one that was'
      : `no writing run has seed ${seed}; there are those of seeds ${writers.map((run) => run.seed).join(', ')}`,
  );
}

/** The finished ones of several runs as points of a scaling law; undefined for a single run. */
export function sweepOf(runs: readonly Run[]): ScalingPoint[] | undefined {
  if (runs.length < 2) return undefined;
  return runs.flatMap((run) => {
    const loss = run.evals.at(-1)?.loss;
    const tokens = readJsonLines(join(run.dir, 'metrics.jsonl')).findLast((r) => r.kind === 'train')?.tokens;
    if (run.state !== 'finished' || loss === undefined || run.params === undefined || typeof tokens !== 'number')
      return [];
    return [{ N: run.params, D: tokens, T: run.loops, loss, seed: run.seed }];
  });
}
