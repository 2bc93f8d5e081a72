// The trajectories of tokens, planned once for each shape of what is fed.
import * as tf from '@tensorflow/tfjs-core';
import type { StackShape } from '../model/specs.ts';
import { stepFlops } from '../recurrence/flops.ts';
import { planContext, plansOf } from '../recurrence/pass.ts';
import { type Inputs, isLoop, type Plan } from '../recurrence/plan.ts';
import type { DecodeSetup } from './decodePrograms.ts';
import { type StepKind, stepKinds } from './stepKind.ts';

/** A trajectory as it is planned for tokens of one shape. */
export interface Course {
  readonly trajectory: number;
  readonly plan: Plan;
  /** Loops of the plan. */
  readonly loops: number;
  readonly kinds: readonly StepKind[];
  /** FLOPs of each step: once, for each token and for each pair of a query and a key. */
  readonly costs: readonly { readonly once: number; readonly token: number; readonly pair: number }[];
}

export class Courses {
  readonly #setup: DecodeSetup;
  readonly #stacks: Readonly<Record<string, StackShape>>;
  readonly #opened: (course: Course) => void;
  readonly #known = new Map<string, readonly Course[]>();
  /** Numbers of the plans that there were. */
  readonly #plans = new Map<string, number>();

  /** @param opened called with each course when it is planned */
  constructor(setup: DecodeSetup, stacks: Readonly<Record<string, StackShape>>, opened: (course: Course) => void) {
    this.#setup = setup;
    this.#stacks = stacks;
    this.#opened = opened;
  }

  /**
   * The courses of tokens of this shape: one, or one a trajectory if the strategy chooses between them. Plans are made
   * once a shape, unless their depth comes with the tokens.
   */
  of(inputs: Inputs): { courses: readonly Course[]; depth: tf.Tensor | undefined } {
    const { config, strategy, loops, hp } = this.#setup;
    const shape = shapeKey(inputs.ids.shape[1] ?? 0, Object.keys(inputs));
    const known = this.#known.get(shape);
    if (known && !inputs.depth) return { courses: known, depth: undefined };
    const plans = plansOf(strategy, planContext(strategy, config, { loops, train: false, inputs, hp }));
    const [first] = plans as [Plan]; // there is at least one
    const courses = (strategy.choose ? plans : [first]).map(({ depth: _, ...plan }, i) => this.#course(plan, i));
    this.#known.set(shape, courses);
    return { courses, depth: first.depth };
  }

  /** The courses of single tokens in a batch of so many rows. */
  ofOne(rows: number): readonly Course[] {
    const known = this.#known.get(shapeKey(1, ['ids']));
    if (known) return known;
    const ids = tf.zeros([rows, 1], 'int32'); // plans see its shape only
    const { courses } = this.of({ ids });
    ids.dispose();
    return courses;
  }

  #course(plan: Plan, trajectory: number): Course {
    const { config, strategy, kv } = this.#setup;
    const name = JSON.stringify([trajectory, plan]);
    const number = this.#plans.get(name) ?? this.#plans.size;
    this.#plans.set(name, number);
    const course: Course = {
      trajectory,
      plan,
      loops: plan.steps.filter(isLoop).length,
      kinds: stepKinds(strategy, kv, plan, number),
      costs: plan.steps.map((k) => {
        const cost = (rows: number, pairs: number): number =>
          stepFlops(config, strategy, kv, k, { shape: this.#stacks[k.core] as StackShape, rows, pairs }); // plans name declared cores
        const once = cost(0, 0);
        return { once, token: cost(1, 0) - once, pair: cost(0, 1) - once };
      }),
    };
    this.#opened(course);
    return course;
  }
}

/** Equal for inputs whose plans are the same. */
const shapeKey = (seq: number, names: readonly string[]): string => `${seq} ${[...names].sort()}`;
