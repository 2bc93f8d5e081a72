// The computations of decoding as programs over one model's weights.
import { compileHost, type Hosted, treeLeaves } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { PastView } from '../kv/cachedSession.ts';
import { bindParams, type Weights } from '../model/bind.ts';
import type { Params } from '../model/params.ts';
import { ownNames, stacksOf } from '../recurrence/layout.ts';
import type { Plan } from '../recurrence/plan.ts';
import type { State } from '../recurrence/state.ts';
import {
  type Given as DecodeGiven,
  type DecodeSetup,
  decodeBegin,
  decodeRead,
  decodeStep,
  type StepResult,
  type StepRows,
} from './decodePrograms.ts';
import type { StepKind } from './stepKind.ts';

/**
 * Weights up to this many bytes are constants of the programs for single tokens, which run once a token: packed for the
 * processor when a program is loaded, they save a third of a step's time. Every such program holds a copy.
 */
const INLINE_BYTES = 2 ** 26;

/** What a step is, by a name that stands for it in a program's signature. */
export interface Named {
  readonly kind: StepKind;
  readonly plan: Plan;
}

type Given = Hosted<DecodeGiven>;
type Past = Hosted<PastView> | undefined;
type Made<F extends (...args: never[]) => unknown> = Promise<Hosted<ReturnType<F>>>;

/**
 * Each takes the number of tokens in a row first; those that need it, the name of a step. What a program returns is
 * overwritten when it runs again.
 */
export interface Programs {
  begin(seq: number, given: Given, past: Past): Made<typeof decodeBegin>;
  step(seq: number, name: string, given: Given, rows: Hosted<StepRows>): Made<typeof decodeStep>;
  /** Only what a step's tokens show to those after them. */
  shown(seq: number, name: string, given: Given, rows: Hosted<StepRows>): Promise<Hosted<StepResult['shown']>>;
  read(seq: number, given: Given, finals: readonly Hosted<State>[], past: Past): Made<typeof decodeRead>;
  /** Frees what was derived from the parameters. */
  dispose(): void;
}

/**
 * @param named what a name given to `step` and `shown` stands for
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
  const program = <A extends unknown[], R>(name: string, f: (w: Weights, ...args: A) => R) => {
    type Program = (...args: unknown[]) => Promise<Hosted<R>>; // the arguments are checked where it is called, below
    const within = compileHost((...args: A) => f(bound, ...args), { name, reuse: true }) as unknown as Program;
    const beside = compileHost(f, { name, reuse: true }) as unknown as Program;
    return async (seq: number, ...args: Hosted<A> & unknown[]): Promise<Hosted<R>> => {
      ready ??= Promise.all(tensors(bound).map((x) => x.data()));
      await ready;
      return seq === 1 && bytes <= INLINE_BYTES ? within(...args) : beside(bound, ...args);
    };
  };
  const step = (w: Weights, name: string, given: DecodeGiven, rows: StepRows): StepResult =>
    decodeStep(setup, w, named(name), given, rows);
  return {
    begin: program('decodeBegin', (w, given: DecodeGiven, past: PastView | undefined) =>
      decodeBegin(setup, w, given, past),
    ),
    step: program('decodeStep', step),
    shown: program(
      'decodeShown',
      (w, name: string, given: DecodeGiven, rows: StepRows) => step(w, name, given, rows).shown,
    ),
    read: program('decodeRead', (w, given: DecodeGiven, finals: readonly State[], past: PastView | undefined) =>
      decodeRead(setup, w, given, finals, past),
    ),
    dispose: () => {
      for (const x of tensors(bound)) if (!given.has(x)) x.dispose();
    },
  };
}

const tensors = (tree: unknown): tf.Tensor[] => treeLeaves(tree).filter((x) => x instanceof tf.Tensor);
