// The distribution over exit loops that a halting gate makes, what is expected under it, and how far it is from a prior.
import { exitLogProbs, type Trace } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { haltLogits } from './objective.ts';

/** Probabilities of leaving after each loop, one [batch, seq] tensor a loop; they sum to 1. */
export interface ExitDistribution {
  readonly p: readonly tf.Tensor[];
  readonly logP: readonly tf.Tensor[];
}

/** As {@link exitLogProbs} of the trace's gate; `id` is the objective that asks. */
export function exitDistribution(id: string, trace: Trace): ExitDistribution {
  const logP = exitLogProbs(haltLogits(id, trace));
  return { logP, p: logP.map((x) => tf.exp(x)) };
}

/** `sum_t p_t x_t`, [batch, seq]. */
export function expectation({ p }: Pick<ExitDistribution, 'p'>, x: readonly tf.Tensor[]): tf.Tensor {
  return p.map((q, t) => tf.mul(q, x[t] as tf.Tensor)).reduce((a, b) => tf.add(a, b)); // as many values as loops
}

/** `-H(p) = sum_t p_t log p_t`, [batch, seq], in nats. */
export const negativeEntropy = (exit: ExitDistribution): tf.Tensor => expectation(exit, exit.logP);

/**
 * `log q_t` of a geometric law cut off after `loops` loops and normalised again:
 * `q_t = lambda (1 - lambda)^(t-1) / (1 - (1 - lambda)^loops)` for t = 1..loops.
 */
function logGeometric(lambda: number, loops: number): number[] {
  const go = Math.log1p(-lambda);
  const mass = Math.log(-Math.expm1(loops * go));
  return Array.from({ length: loops }, (_, t) => Math.log(lambda) + t * go - mass);
}

/** `KL(p || q)` to the law above, [batch, seq], in nats; 0 only where p is that law. */
export function klToGeometric(exit: ExitDistribution, lambda: number): tf.Tensor {
  const logQ = logGeometric(lambda, exit.p.length);
  return expectation(
    exit,
    exit.logP.map((x, t) => tf.sub(x, logQ[t] ?? 0)),
  );
}
