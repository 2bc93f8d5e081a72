// Cross-entropy of the last readout: the loss of an ordinary language model.
import { parseOptions } from '@looplab/core';
import { z } from 'zod';
import { type Objective, onlyTrace, sumTerms } from './objective.ts';
import { lastLoss } from './tokens.ts';

export const lastLoopOptions = z.strictObject({});

/** Term `crossEntropy`: weighted mean over tokens of the last step's cross-entropy, in nats. */
export function lastLoop(options: z.input<typeof lastLoopOptions> = {}): Objective {
  const resolved = parseOptions('objective', lastLoopOptions, options);
  return {
    id: 'lastLoop',
    options: resolved,
    needs: [],
    readouts: 'last',
    trains: 'all',
    terms: (traces, batch) => {
      const trace = onlyTrace('lastLoop', traces);
      const crossEntropy = lastLoss(trace, batch);
      return sumTerms({ crossEntropy });
    },
  };
}
