// Every parameter of a model: its checkpoint name, shape and initial law.
import type { ModelConfig } from './config.ts';

/** `identity` is for matrices: 1 on the diagonal, 0 elsewhere. */
export type Init = { readonly normal: number } | 'ones' | 'zeros' | 'identity' | { readonly constant: number };

export interface ParamSpec {
  /** The name in a checkpoint; Hugging Face Ouro's names where Ouro has the tensor. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
  /** False for norms, biases and gates, which weight decay leaves alone. */
  readonly decay: boolean;
  /** For optimisers that treat parts of the model differently: `embedding`, `head`, `core`, `strategy`, ... */
  readonly group?: string;
}

/** A stack of layers of one width. */
export interface StackShape {
  readonly layers: number;
  readonly dModel: number;
  readonly heads: number;
  readonly dFF: number;
  /** Whether the stack ends in a norm. The prelude has none: it feeds the first norm of the core. */
  readonly finalNorm: boolean;
  readonly adapters?: CoreSpec['adapters'];
  readonly viewGate?: true;
}

/** A core other than Ouro's single one; sizes left out are the model's. */
export interface CoreSpec {
  readonly name: string;
  readonly layers?: number;
  readonly dModel?: number;
  readonly heads?: number;
  readonly dFF?: number;
  /**
   * Low-rank additions `B A` to every matrix of every layer, chosen by `CoreCall.variant`; B starts at 0 (LoRA, arXiv
   * 2106.09685, with its factor alpha / rank = 1).
   */
  readonly adapters?: { readonly variants: number; readonly rank: number };
  /** A gate a head, made of its queries, that blends the two views of a KV policy (arXiv 2510.24824). */
  readonly viewGate?: true;
}

/** Names of the stacks that belong to the layout and can be no core's. */
export const PRELUDE = 'prelude';
export const CODA = 'coda';
/** The name of the only core of a model that does not ask for several. */
export const CORE = 'core';

/** The shape of each stack by name: `prelude` and `coda` if they have layers, and the cores. */
export function stackShapes(config: ModelConfig, cores: readonly CoreSpec[]): Record<string, StackShape> {
  const { dModel, heads, dFF, layers } = config;
  const base = { dModel, heads, dFF };
  const out: Record<string, StackShape> = {};
  if (config.prelude > 0) out[PRELUDE] = { ...base, layers: config.prelude, finalNorm: false };
  for (const c of cores) out[c.name] = { ...base, layers, finalNorm: true, ...c };
  if (config.coda > 0) out[CODA] = { ...base, layers: config.coda, finalNorm: true };
  return out;
}

/** Where the tensors of a stack stand: Ouro's `model.layers.{i}` for the core, else a folder of the stack's own. */
export function stackNames(stack: string): { layer(i: number): string; norm: string } {
  if (stack === CORE) return { layer: (i) => `model.layers.${i}`, norm: 'model.norm.weight' };
  const folder = stack === PRELUDE || stack === CODA ? `model.${stack}` : `model.cores.${stack}`;
  const layers = stack === PRELUDE || stack === CODA ? folder : `${folder}.layers`;
  return { layer: (i) => `${layers}.${i}`, norm: stack === CODA ? 'model.coda_norm.weight' : `${folder}.norm.weight` };
}

/** Names of the low-rank factors of a projection such as `model.layers.0.mlp.up_proj`: A [rank, in], B [out, rank]. */
export function adapterNames(projection: string, variant: number): { a: string; b: string } {
  return { a: `${projection}.lora_A.${variant}.weight`, b: `${projection}.lora_B.${variant}.weight` };
}

function stackSpecs(stack: string, s: StackShape, std: number): ParamSpec[] {
  const names = stackNames(stack);
  const matrix = (name: string, out: number, dIn: number, init: Init = { normal: std }): ParamSpec => ({
    name,
    shape: [out, dIn],
    init,
    decay: true,
    group: stack,
  });
  const { variants, rank } = s.adapters ?? { variants: 0, rank: 0 };
  const linear = (name: string, out: number, dIn: number): ParamSpec[] => [
    matrix(`${name}.weight`, out, dIn),
    ...Array.from({ length: variants }, (_, v) => adapterNames(name, v)).flatMap(({ a, b }) => [
      matrix(a, rank, dIn),
      matrix(b, out, rank, 'zeros'),
    ]),
  ];
  const norm = (name: string): ParamSpec => ({ name, shape: [s.dModel], init: 'ones', decay: false, group: stack });
  const specs: ParamSpec[] = [];
  for (let i = 0; i < s.layers; i++) {
    const at = names.layer(i);
    for (const p of ['q', 'k', 'v', 'o']) specs.push(...linear(`${at}.self_attn.${p}_proj`, s.dModel, s.dModel));
    for (const p of ['gate', 'up']) specs.push(...linear(`${at}.mlp.${p}_proj`, s.dFF, s.dModel));
    specs.push(...linear(`${at}.mlp.down_proj`, s.dModel, s.dFF));
    if (s.viewGate) {
      const gate = { init: 'zeros', decay: false, group: stack } as const;
      specs.push({ ...gate, name: `${at}.self_attn.view_gate.weight`, shape: [s.heads, s.dModel / s.heads] });
      specs.push({ ...gate, name: `${at}.self_attn.view_gate.bias`, shape: [s.heads] });
    }
    for (const p of [
      'input_layernorm',
      'input_layernorm_2',
      'post_attention_layernorm',
      'post_attention_layernorm_2',
    ]) {
      specs.push(norm(`${at}.${p}.weight`));
    }
  }
  if (s.finalNorm) specs.push(norm(names.norm));
  return specs;
}

/** The parameters of the layout alone, without a strategy's own. */
export function layoutSpecs(config: ModelConfig, cores: readonly CoreSpec[]): ParamSpec[] {
  const table = (name: string, group: string): ParamSpec => ({
    name,
    shape: [config.vocab, config.dModel],
    init: { normal: config.initStd },
    decay: true,
    group,
  });
  return [
    table('model.embed_tokens.weight', 'embedding'),
    ...Object.entries(stackShapes(config, cores)).flatMap(([stack, s]) => stackSpecs(stack, s, config.initStd)),
    table('lm_head.weight', 'head'),
  ];
}

/** Number of scalars in the parameters. */
export function countParams(specs: readonly ParamSpec[]): number {
  return specs.reduce((n, s) => n + s.shape.reduce((a, b) => a * b, 1), 0);
}
