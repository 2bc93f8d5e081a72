// What the text study claims, checked against the summary of its runs.
import type { Claim } from '@looplab/cli';
import type { StudySummary } from '@looplab/train';

/** The text study's claim with its numbers, means over seeds. */
export interface TextClaim extends Claim {
  /** Held-out bits a byte when read after loop 1, 2, ... */
  readonly bitsPerBytePerLoop: readonly number[];
  readonly seeds: number;
}

/** Every loop lowers the bits per byte of held-out text. */
export function textClaim({ runs }: Pick<StudySummary, 'runs'>): TextClaim {
  const perRun = runs.map((run) => (run.lossPerLoop ?? []).map((nats) => nats / Math.LN2));
  const loops = perRun.length === 0 ? 0 : Math.min(...perRun.map((bits) => bits.length));
  const bitsPerBytePerLoop = Array.from(
    { length: loops },
    (_, t) => perRun.reduce((sum, bits) => sum + (bits[t] ?? Number.NaN), 0) / perRun.length,
  );
  return {
    statement: 'every loop lowers the bits per byte of held-out text',
    holds: loops > 1 && bitsPerBytePerLoop.every((bits, t) => t === 0 || bits < (bitsPerBytePerLoop[t - 1] ?? 0)),
    outcome: bitsPerBytePerLoop.map((bits) => bits.toFixed(3)).join(', '),
    bitsPerBytePerLoop,
    seeds: runs.length,
  };
}
