// The errors that the tests are tried on.
import type { Mutation } from './mutation.ts';

export const mutations: readonly Mutation[] = [
  {
    name: 'the last step does not take the remaining probability',
    file: 'packages/core/src/recurrence/halting.ts',
    find: 'out.push(survival ?? tf.zerosLike(z));',
    replace: 'out.push(survival ? tf.add(survival, logSigmoid(z)) : logSigmoid(z));',
    tests: ['packages/core/src/recurrence/halting.test.ts'],
  },
  {
    name: 'the entropy has the wrong sign',
    file: 'packages/objectives/src/entropyRegularised.ts',
    find: 'tf.mul(weightedMean(negEntropy, batch.weights), resolved.beta)',
    replace: 'tf.mul(weightedMean(tf.neg(negEntropy), batch.weights), resolved.beta)',
    tests: ['packages/objectives/src/objectives.test.ts'],
  },
];
