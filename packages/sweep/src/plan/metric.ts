// What trials are judged by: one number of an evaluation, turned so that lower is better.
import { nearest } from '@looplab/core';
import type { EvalRecord } from '@looplab/train';
import { SweepError } from '../errors.ts';

const METRICS = {
  accuracy: 'max',
  loss: 'min',
  bitsPerByte: 'min',
  expectedLoops: 'min',
} as const satisfies Partial<Record<keyof EvalRecord, 'min' | 'max'>>;

/** Name of a held-out metric that an evaluation has. */
export type MetricName = keyof typeof METRICS;

/** @throws SweepError naming the metric that was probably meant */
export function metricNamed(name: string): MetricName {
  if (Object.hasOwn(METRICS, name)) return name as MetricName; // just checked
  const known = Object.keys(METRICS);
  const close = nearest(name, known);
  const list = `there are ${known.join(', ')}`;
  throw new SweepError(`there is no metric ${name}; ${close === undefined ? list : `did you mean ${close}?`}`);
}

/** The record's metric such that lower is better; undefined if it has none, as `bitsPerByte` of a task that is not text. */
export function scoreOf(record: EvalRecord, metric: MetricName): number | undefined {
  const value = record[metric];
  if (value === undefined) return undefined;
  return METRICS[metric] === 'max' ? -value : value;
}

/** The metric back from a score. */
export function metricOf(score: number, metric: MetricName): number {
  return METRICS[metric] === 'max' ? -score : score;
}
