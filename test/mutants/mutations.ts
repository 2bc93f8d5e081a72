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
    name: 'the divergence is that of the prior from the gate',
    file: 'packages/objectives/src/exitDistribution.ts',
    find: 'exit.logP.map((x, t) => tf.sub(x, logQ[t] ?? 0)),',
    replace:
      'exit.logP.map((x, t) => tf.mul(tf.div(Math.exp(logQ[t] ?? 0), exit.p[t] as tf.Tensor), tf.sub(logQ[t] ?? 0, x))),',
    tests: ['packages/objectives/src/entropyRegularised.test.ts', 'packages/objectives/src/objectives.test.ts'],
  },
  {
    name: 'the prior is cut off and not normalised again',
    file: 'packages/objectives/src/exitDistribution.ts',
    find: 'Math.log(lambda) + t * go - mass)',
    replace: 'Math.log(lambda) + t * go - 0 * mass)',
    tests: ['packages/objectives/src/entropyRegularised.test.ts', 'packages/objectives/src/objectives.test.ts'],
  },
  {
    name: 'every step shares one loss for all tokens, so that the gate has no signal of its own',
    file: 'packages/objectives/src/tokens.ts',
    find: 'return crossEntropy(trace.logits(t), batch.targets);',
    replace: 'return tf.mul(tf.mean(crossEntropy(trace.logits(t), batch.targets)), tf.onesLike(batch.weights));',
    tests: ['packages/objectives/src/objectives.test.ts'],
  },
  {
    name: 'weights of adaptive computation time are not topped up to 1',
    file: 'packages/core/src/recurrence/strategies/universalTransformer.ts',
    find: 'times(tf.sub(1, s.mass), s.h)',
    replace: 'times(s.p, s.h)',
    tests: ['packages/core/src/recurrence/strategies/halting.test.ts'],
  },
  {
    name: 'attention sees one token of the future',
    file: 'packages/engine/src/ops/causalAttention.ts',
    find: '(keys - seq) + i + 1,',
    replace: '(keys - seq) + i + 2,',
    tests: ['packages/conformance/src/strategies.test.ts'],
    only: 'strategy plain.*invariance',
  },
  {
    name: 'the token before is the token after',
    file: 'packages/core/src/recurrence/pass.ts',
    find: 'tf.concat([first, tf.slice(shown, [0, 0], [-1, s - 1])], 1)',
    replace: 'tf.concat([tf.slice(shown, [0, 1], [-1, s - 1]), first], 1)',
    tests: ['packages/conformance/src/strategies.test.ts'],
    only: 'strategy parallelLoop.*invariance',
  },
  {
    name: 'tokens that have stopped go on writing keys',
    file: 'packages/core/src/kv/kvSession.ts',
    find: "const active = this.policy.write === 'active' ? call.active : undefined;",
    replace: 'const active = [call.active].find((x) => x === undefined && x !== undefined);',
    tests: ['packages/core/src/generate/decoder.test.ts'],
  },
  {
    name: 'tokens that have stopped go on changing',
    file: 'packages/core/src/recurrence/pass.ts',
    find: 'active ? freeze(active, state, next) : next',
    replace: 'active ? next : next',
    tests: ['packages/core/src/recurrence/recurrence.test.ts'],
  },
  {
    name: 'the gate is taught by the wrong loop',
    file: 'packages/objectives/src/gateImprovement.ts',
    find: "pairing === 'causal' ? i : i + 1",
    replace: "pairing === 'causal' ? i + 1 : i",
    tests: ['packages/objectives/src/objectives.test.ts'],
  },
];
