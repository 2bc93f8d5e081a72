// Parameters made ready for the forward pass, once per pass: grouped by stack, with pre-norm weights folded away.
import * as tf from '@tensorflow/tfjs-core';
import type { LayerWeights } from './layer.ts';
import type { Params } from './params.ts';
import { adapterNames, type StackShape, stackNames } from './specs.ts';

export interface StackWeights {
  readonly layers: readonly LayerWeights[];
  /** The layers with each of the stack's adapters added in. */
  readonly variants: readonly (readonly LayerWeights[])[];
  /** The norm after the last layer; null for the prelude. */
  readonly norm: tf.Tensor | null;
}

/** A pytree of everything the forward pass reads. */
export interface Weights {
  readonly embed: tf.Tensor;
  readonly head: tf.Tensor;
  readonly stacks: Readonly<Record<string, StackWeights>>;
  /** The strategy's own parameters by their local names. */
  readonly own: Readonly<Record<string, tf.Tensor>>;
}

/** A parameter that the model needs and the given record lacks. */
export class MissingParamError extends Error {
  override readonly name = 'MissingParamError';
}

/**
 * `rmsNorm(x, g) W^T = rmsNorm(x, null) (W * g)^T`, so the product `W * g` is taken here, outside the loop; and so is
 * `W + B A` of the adapters.
 * @param own checkpoint name of each of the strategy's parameters by local name
 */
export function bindParams(
  params: Params,
  stacks: Readonly<Record<string, StackShape>>,
  own: Readonly<Record<string, string>>,
): Weights {
  const get = (name: string): tf.Tensor => {
    const t = params[name];
    if (!t)
      throw new MissingParamError(
        `the parameters lack '${name}'; make them with initParams(paramSpecs(config, strategy), key) for the same config and strategy`,
      );
    return t;
  };
  const bindLayer = (at: string, shape: StackShape, variant?: number): LayerWeights => {
    const attnIn = get(`${at}.input_layernorm.weight`);
    const mlpIn = get(`${at}.post_attention_layernorm.weight`);
    const matrix = (name: string): tf.Tensor => {
      const w = get(`${name}.weight`);
      if (variant === undefined) return w;
      const { a, b } = adapterNames(name, variant);
      return tf.add(w, tf.matMul(get(b), get(a)));
    };
    const attn = (p: string): tf.Tensor => matrix(`${at}.self_attn.${p}_proj`);
    const mlp = (p: string): tf.Tensor => matrix(`${at}.mlp.${p}_proj`);
    const gate = `${at}.self_attn.view_gate`;
    return {
      q: tf.mul(attn('q'), attnIn),
      k: tf.mul(attn('k'), attnIn),
      v: tf.mul(attn('v'), attnIn),
      o: attn('o'),
      attnOutNorm: get(`${at}.input_layernorm_2.weight`),
      gate: tf.mul(mlp('gate'), mlpIn),
      up: tf.mul(mlp('up'), mlpIn),
      down: mlp('down'),
      mlpOutNorm: get(`${at}.post_attention_layernorm_2.weight`),
      ...(shape.viewGate ? { viewGate: { weight: get(`${gate}.weight`), bias: get(`${gate}.bias`) } } : {}),
    };
  };
  return {
    embed: get('model.embed_tokens.weight'),
    head: get('lm_head.weight'),
    stacks: Object.fromEntries(
      Object.entries(stacks).map(([stack, s]) => {
        const names = stackNames(stack);
        const layers = (variant?: number): LayerWeights[] =>
          Array.from({ length: s.layers }, (_, i) => bindLayer(names.layer(i), s, variant));
        const variants = Array.from({ length: s.adapters?.variants ?? 0 }, (_, v) => layers(v));
        return [stack, { layers: layers(), variants, norm: s.finalNorm ? get(names.norm) : null }];
      }),
    ),
    own: Object.fromEntries(Object.entries(own).map(([local, name]) => [local, get(name)])),
  };
}
