// Which runs of a sweep have no result, and why.
import { SweepIncompleteError } from './errors.ts';
import type { SweepResult } from './sweep.ts';

/** What stopped a sweep before its end. */
const REASONS: Readonly<Record<string, (id: string) => string>> = {
  failures: () => 'so many runs failed that the sweep was stopped',
  unwell: () =>
    'run after run failed to get anywhere, so the sweep was stopped; the same command goes on when the machine is well',
  incomplete: (id) =>
    `the machine let runs down; the same command, or looplab sweep retry ${id} --infra, takes them up again`,
};

/** What of a sweep is lacking, for people, a line each run; undefined if every run has a result. */
export function shortfallOf({ end, rows, id }: SweepResult): string | undefined {
  const bad = rows.filter((r) => r.status === 'failed' || r.status === 'diverged');
  const left = rows.filter((r) => ['planned', 'queued', 'running', 'preempted', 'cancelled'].includes(r.status));
  if (end === 'complete' && bad.length === 0) return undefined;
  const lines = [
    REASONS[end]?.(id) ?? `${bad.length} of ${rows.length} runs did not finish; their folders' log.txt says why`,
    ...bad.map((r) => `  ${r.run} (trial ${r.trial} seed ${r.seed}): ${r.error ?? r.status}`),
    ...(left.length > 0 ? [`  ${left.length} runs are left to do`] : []),
  ];
  return lines.join('\n');
}

/** @throws SweepIncompleteError unless every run has a result */
export function assertComplete(result: SweepResult): void {
  const lacking = shortfallOf(result);
  if (lacking !== undefined) throw new SweepIncompleteError(lacking);
}
