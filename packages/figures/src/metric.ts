// What runs are judged by: the held-out numbers of an evaluation, with their words and their direction.
import { percent } from './charts/perLoop.ts';
import type { EvalPoint } from './run.ts';

export type MetricName = 'accuracy' | 'bitsPerByte' | 'loss' | 'expectedLoops';

export interface Metric {
  readonly name: MetricName;
  /** In words, within a sentence. */
  readonly title: string;
  readonly better: 'higher' | 'lower';
  /** Whether it is a share, written in per cent. */
  readonly share: boolean;
  /** Ends beyond which it cannot go. */
  readonly bounds?: readonly [number, number];
  write(value: number): string;
  /** A difference of two values, without its sign. */
  writeGap(value: number): string;
}

const plain = (digits: number) => ({
  share: false,
  write: (v: number) => v.toFixed(digits),
  writeGap: (v: number) => Math.abs(v).toFixed(digits),
});

export const metrics: Readonly<Record<MetricName, Metric>> = {
  accuracy: {
    ...{ name: 'accuracy', title: 'held-out accuracy', better: 'higher', share: true, bounds: [0, 1] },
    write: percent,
    writeGap: (v) => `${(Math.abs(v) * 100).toFixed(1)} points`,
  },
  bitsPerByte: { name: 'bitsPerByte', title: 'held-out bits per byte', better: 'lower', ...plain(3) },
  loss: { name: 'loss', title: 'held-out loss (nats per token)', better: 'lower', ...plain(4) },
  expectedLoops: { name: 'expectedLoops', title: 'mean loops a token', better: 'lower', ...plain(2) },
};

/** The metric of an evaluation; NaN where it has none. */
export function measured(point: EvalPoint | undefined, { name }: Metric): number {
  return point?.[name] ?? Number.NaN;
}

/** Whether `a` is better than `b`. */
export function isBetter(a: number, b: number, { better }: Metric): boolean {
  return better === 'higher' ? a > b : a < b;
}

/** A word at the beginning of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
