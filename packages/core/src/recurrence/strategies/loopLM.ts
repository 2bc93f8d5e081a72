// LoopLM (Ouro): the looped core with a learned gate that says after each loop whether to stop.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { qExit, qExitOptions } from '../../exit/qExit.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const loopLMOptions = z.strictObject({
  exitThreshold: qExitOptions.shape.threshold,
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 2510.25741, section 3: `lambda_t = sigmoid(gate(h_t))` per token, one gate for all loops. The first training
 * stage trains everything, the second the gate alone.
 */
export function loopLM(options: z.input<typeof loopLMOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', loopLMOptions, options);
  return {
    ...fixedLoops(),
    id: 'loopLM',
    options: resolved,
    gives: ['readouts', 'halt'],
    params: (config) => [
      {
        name: 'gate.weight',
        checkpoint: 'model.early_exit_gate.weight',
        shape: [1, config.dModel],
        init: { normal: config.initStd },
        decay: false,
      },
      { name: 'gate.bias', checkpoint: 'model.early_exit_gate.bias', shape: [1], init: 'zeros', decay: false },
    ],
    plan: ({ loops, inputs }) => [{ ...loopPlan(loops), depth: inputs?.depth }],
    halt: (s, ctx) => tf.squeeze(linear(s.h, ctx.model.param('gate.weight'), ctx.model.param('gate.bias')), [2]),
    kv: perLoop({ fill: resolved.fill }),
    exit: qExit({ threshold: resolved.exitThreshold }),
    stages: [
      { name: 'language model', objective: { id: 'entropyRegularised' }, trainable: 'all', carry: 'none' },
      { name: 'gate', objective: { id: 'gateImprovement' }, trainable: ['model.early_exit_gate.*'], carry: 'none' },
    ],
  };
}
