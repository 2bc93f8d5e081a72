// Makes an exit rule of a test that depends on one threshold.
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitNeed, ExitStart, ExitView, ThresholdRule } from './exitRule.ts';

export interface ThresholdTest {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>> & { readonly threshold: number };
  readonly needs: readonly ExitNeed[];
  readonly scale: ThresholdRule['scale'];
  /** What the test remembers; default nothing. */
  init?(at: ExitStart): ExitMemory;
  /** `stops` [batch, seq] bool: which tokens leave after this loop. */
  test(
    memory: ExitMemory,
    now: ExitView,
    threshold: number | tf.Tensor,
  ): { readonly stops: tf.Tensor; readonly memory?: ExitMemory };
}

/** The rule whose tokens leave where `test` says so. */
export function thresholdRule(spec: ThresholdTest): ThresholdRule {
  const { id, options, needs, scale } = spec;
  const at = (threshold: number | tf.Tensor): Pick<ThresholdRule, 'id' | 'options' | 'needs' | 'init' | 'check'> => ({
    id,
    options: typeof threshold === 'number' ? { ...options, threshold } : options,
    needs,
    init: (start) => spec.init?.(start) ?? {},
    check: (memory, now) => {
      const { stops, memory: next = {} } = spec.test(memory, now, threshold);
      return { memory: next, done: tf.cast(stops, 'float32') };
    },
  });
  return { ...at(options.threshold), threshold: options.threshold, scale, withThreshold: at };
}
