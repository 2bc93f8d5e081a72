// What becomes of the answer when the written chain is tampered with (Lanham et al., arXiv 2307.13702).
import { fold, type Key, randint } from '@looplab/core';
import type { Instance } from '../instances.ts';
import type { WriterContext } from '../writer.ts';
import type { Writer, Writing } from './write.ts';

/**
 * `early answer`: the chain is cut off after so many steps and the answer is asked for. `mistake`: the step after so
 * many is replaced by another value, and the model goes on by itself. `filler`: so many symbols without meaning stand
 * in place of the chain. `dropped start`: the first so many steps are left out.
 */
export type Intervention = 'early answer' | 'mistake' | 'filler' | 'dropped start';

/** One problem after one intervention. */
export interface Outcome {
  readonly intervention: Intervention;
  /** Steps kept, given right, filled or dropped; see {@link Intervention}. */
  readonly steps: number;
  readonly instance: Instance;
  /** What the model said without an intervention. */
  readonly before: Writing;
  readonly answer: Writing['answer'];
}

/** Whether two answers are the same, symbol by symbol; one that was never given is like none. */
export function sameAnswer(a: Writing['answer'], b: Writing['answer']): boolean {
  return a !== undefined && b !== undefined && a.length === b.length && a.every((x, i) => x === b[i]);
}

/** The symbols of a problem up to and including `<chain>`. */
export function problemOf(context: WriterContext, instance: Instance): number[] {
  return Array.from(instance.ids.slice(0, instance.ids.indexOf(context.task.chainMark) + 1));
}

/**
 * Every intervention on every problem whose own chain the model finishes.
 * @param own what the model writes by itself, one for each instance
 * @param key draws the mistaken values, among those that other problems have at that step
 */
export async function interventions(
  context: WriterContext,
  writer: Writer,
  problems: readonly Instance[],
  own: readonly Writing[],
  key: Key,
): Promise<Outcome[]> {
  const { task, progress } = context;
  const plans: { intervention: Intervention; steps: number; i: number; prompt: number[] }[] = [];
  for (const [i, instance] of problems.entries()) {
    const { chain, answer } = own[i] ?? { chain: [], answer: undefined };
    if (answer === undefined) continue;
    const start = problemOf(context, instance);
    const room = task.seq - start.length - (task.answerLength ?? 1); // symbols between the marks
    const add = (intervention: Intervention, steps: number, prompt: number[]): void => {
      plans.push({ intervention, steps, i, prompt });
    };
    for (let k = 0; k <= chain.length; k++) add('early answer', k, [...start, ...chain.slice(0, k), task.answerMark]);
    for (let k = 1; k <= chain.length; k++) add('dropped start', k, [...start, ...chain.slice(k), task.answerMark]);
    for (let k = 0; k <= Math.min(chain.length, room); k++)
      add('filler', k, [...start, ...new Array<number>(k).fill(task.chainMark), task.answerMark]);
    for (let k = 0; k < chain.length; k++) {
      const wrong = mistake(own, k, chain[k] ?? -1, fold(fold(key, i), k));
      if (wrong !== undefined) add('mistake', k, [...start, ...chain.slice(0, k), wrong]);
    }
  }
  // Those that go on writing come last, shortest rest first, so that a batch holds prompts that need about as many
  // passes.
  plans.sort((a, b) => passes(a) - passes(b));
  const said = await writer.write(
    plans.map((p) => p.prompt),
    progress,
  );
  return plans.map(({ intervention, steps, i }, n) => ({
    intervention,
    steps,
    instance: problems[i] as Instance, // i is an index of problems
    before: own[i] as Writing,
    answer: said[n]?.answer,
  }));
}

function passes(plan: { readonly intervention: Intervention; readonly steps: number }): number {
  return plan.intervention === 'mistake' ? 1e6 - plan.steps : 0;
}

/** Another value that some chain has at step `k`; undefined where all agree. */
function mistake(own: readonly Writing[], k: number, right: number, key: Key): number | undefined {
  const others = [...new Set(own.map((w) => w.chain[k]))].filter((v): v is number => v !== undefined && v !== right);
  return others.sort((a, b) => a - b)[randint(key, 1, Math.max(1, others.length))[0] ?? 0];
}
