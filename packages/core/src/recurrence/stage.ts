// A phase of training: what is optimised, which parameters move, for how long.
import type { Batch } from './plan.ts';

export interface Stage {
  readonly name: string;
  /** Optimiser steps; left out, the study's. */
  readonly steps?: number;
  /** An objective by id with its options; left out, the study's. */
  readonly objective?: Readonly<{ id: string; [option: string]: unknown }>;
  /** Parameters that move: all, or those whose checkpoint name matches a pattern (`*` stands for anything). */
  readonly trainable: 'all' | readonly string[];
  /** Whether states are carried over to the next batch of the same rows. */
  readonly carry: 'none' | 'rows';
  /** Rewrites each batch, such as a curriculum that replaces text by latent steps; the strategy says by how. Traceable. */
  readonly rewrite?: (batch: Batch) => Batch;
}

/** Whether a parameter moves in a stage. */
export function isTrainable(stage: Pick<Stage, 'trainable'>, name: string): boolean {
  if (stage.trainable === 'all') return true;
  return stage.trainable.some((pattern) => {
    const parts = pattern.split('*').map((p) => p.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(name);
  });
}
