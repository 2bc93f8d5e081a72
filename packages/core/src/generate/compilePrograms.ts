// The computations of decoding as programs over one model's weights.
import { compile, treeLeaves } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { bindParams, type Weights } from '../model/bind.ts';
import type { Params } from '../model/params.ts';
import { ownNames, stacksOf } from '../recurrence/layout.ts';
import type { Plan } from '../recurrence/plan.ts';
import { type DecodeSetup, decodeBegin, decodeRead, decodeStep, decodeWhole } from './decodePrograms.ts';
import type { StepKind } from './stepKind.ts';

/**
 * Weights up to this many bytes are constants of the programs for single tokens, which run once a token: packed for the
 * processor when a program is loaded, they save a third of a step's time. Every such program holds a copy.
 */
const INLINE_BYTES = 2 ** 26;

/** What a step or a whole plan is, by a name that stands for it in a program's signature. */
export interface Named {
  readonly kind: StepKind;
  readonly plan: Plan;
}

type After<F> = F extends (setup: DecodeSetup, w: Weights, ...rest: infer A) => infer R
  ? (seq: number, ...rest: A) => Promise<R>
  : never;
type AfterNamed<F> = F extends (setup: DecodeSetup, w: Weights, at: never, ...rest: infer A) => infer R
  ? (seq: number, name: string, ...rest: A) => Promise<R>
  : never;

export interface Programs {
  readonly begin: After<typeof decodeBegin>;
  readonly step: AfterNamed<typeof decodeStep>;
  /** Only what a step's tokens show to those after them. */
  readonly shown: (...args: Parameters<Programs['step']>) => Promise<Awaited<ReturnType<Programs['step']>>['shown']>;
  readonly whole: AfterNamed<typeof decodeWhole>;
  readonly read: After<typeof decodeRead>;
  /** Frees what was derived from the parameters. */
  dispose(): void;
}

/**
 * @param named what a name given to `step`, `shown` and `whole` stands for
 * @param params must outlive the programs
 */
export function compilePrograms(setup: DecodeSetup, params: Params, named: (name: string) => Named): Programs {
  const { config, strategy } = setup;
  let weights: Weights | undefined;
  tf.tidy(() => {
    weights = bindParams(params, stacksOf(config, strategy), ownNames(config, strategy));
    for (const x of tensors(weights)) tf.keep(x);
  });
  const bound = weights as unknown as Weights; // just made
  const given = new Set(Object.values(params));
  const bytes = 4 * tensors(bound).reduce((n, x) => n + x.size, 0);
  // Constants must have values before they are traced.
  let ready: Promise<unknown> | undefined;
  const program = <A extends unknown[], R>(
    name: string,
    f: (w: Weights, ...args: A) => R,
  ): ((seq: number, ...args: A) => Promise<R>) => {
    const within = compile((...args: A) => f(bound, ...args), { name });
    const beside = compile(f, { name });
    return async (seq, ...args) => {
      ready ??= Promise.all(tensors(bound).map((x) => x.data()));
      await ready;
      return seq === 1 && bytes <= INLINE_BYTES ? within(...args) : beside(bound, ...args);
    };
  };
  const step = (
    w: Weights,
    name: string,
    ...args: Parameters<Programs['step']> extends [number, string, ...infer A] ? A : never
  ) => decodeStep(setup, w, named(name), ...args);
  return {
    begin: program('decodeBegin', (w, ...args) => decodeBegin(setup, w, ...args)),
    step: program('decodeStep', step),
    shown: program('decodeShown', (w, name, ...args) => step(w, name, ...args).shown),
    whole: program('decodeWhole', (w, name, ...args) => decodeWhole(setup, w, named(name).plan, ...args)),
    read: program('decodeRead', (w, ...args) => decodeRead(setup, w, ...args)),
    dispose: () => {
      for (const x of tensors(bound)) if (!given.has(x)) x.dispose();
    },
  };
}

const tensors = (tree: unknown): tf.Tensor[] => treeLeaves(tree).filter((x) => x instanceof tf.Tensor);
