// Metrics between two log lines: kept on the device until somebody wants to know, then averaged on the host.

import { disposeTree } from './disposeTree.ts';
import { checkUpdate, type GuardOptions, type GuardState, guardStart } from './guard.ts';
import type { StepMetrics } from './trainStep.ts';

/** Sums of a window that was read; plain JSON, so that a resumed run writes the same means. */
export interface WindowState {
  readonly count: number;
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  /** Largest of the window. */
  readonly gradNorm: number;
  /** Seconds spent in updates. */
  readonly seconds: number;
  readonly guard: GuardState;
}

/** Means of a window. */
export interface WindowMeans {
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly gradNorm: number;
  readonly seconds: number;
  readonly count: number;
}

const EMPTY = { count: 0, loss: 0, terms: {}, gradNorm: 0, seconds: 0 } as const;

/** Collects the metrics of updates; `read` fetches them and checks each for divergence. */
export class MetricWindow {
  #state: WindowState;
  #unread: { step: number; metrics: StepMetrics }[] = [];
  #guard: GuardOptions;

  constructor(guard: GuardOptions, state?: WindowState) {
    this.#guard = guard;
    this.#state = state ?? { ...EMPTY, guard: guardStart };
  }

  /** Takes over the tensors of one update. */
  push(step: number, metrics: StepMetrics, seconds: number): void {
    this.#unread.push({ step, metrics });
    this.#state = { ...this.#state, seconds: this.#state.seconds + seconds };
  }

  /**
   * Fetches what was not read yet, in order.
   * @throws DivergedError
   */
  async read(): Promise<void> {
    const unread = this.#unread;
    this.#unread = [];
    try {
      for (const { step, metrics } of unread) {
        const value = async (x: StepMetrics['loss']): Promise<number> => (await x.data())[0] ?? Number.NaN;
        const [loss, gradNorm] = await Promise.all([value(metrics.loss), value(metrics.gradNorm)]);
        const all = async (tensors: StepMetrics['terms']): Promise<Record<string, number>> => {
          const values = await Promise.all(Object.values(tensors).map(value));
          return Object.fromEntries(Object.keys(tensors).map((name, i) => [name, values[i] ?? Number.NaN]));
        };
        const terms = await all(metrics.terms);
        // Only a loss that is not finite makes anybody ask where that comes from.
        const states = Number.isFinite(loss) ? {} : await all(metrics.states);
        const guard = checkUpdate(this.#state.guard, { step, loss, gradNorm, terms, states }, this.#guard);
        const { count, seconds, terms: sums } = this.#state;
        for (const [name, x] of Object.entries(sums)) terms[name] = x + (terms[name] ?? 0);
        this.#state = {
          count: count + 1,
          loss: this.#state.loss + loss,
          terms,
          gradNorm: Math.max(this.#state.gradNorm, gradNorm),
          seconds,
          guard,
        };
      }
    } finally {
      disposeTree(unread);
    }
  }

  /** Means over what was read since the last call, and a new window. */
  take(): WindowMeans {
    const { count, loss, terms, gradNorm, seconds } = this.#state;
    this.#state = { ...EMPTY, guard: this.#state.guard };
    const mean = Object.entries(terms).map(([name, sum]) => [name, sum / count] as const);
    return { loss: loss / count, terms: Object.fromEntries(mean), gradNorm, seconds, count };
  }

  /**
   * Names the objective of the updates to come.
   * @param isNew whether the guard has to learn anew what losses are usual
   */
  beginStage(objective: string, isNew: boolean): void {
    this.#guard = { ...this.#guard, objective };
    if (isNew) this.#state = { ...this.#state, guard: guardStart };
  }

  /** What a checkpoint keeps; call `read` first. */
  state(): WindowState {
    return this.#state;
  }

  dispose(): void {
    disposeTree(this.#unread);
    this.#unread = [];
  }
}
