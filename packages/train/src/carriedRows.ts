// Rows whose states outlive an update: which example each of them works on, since when, and in which state.
import type { State } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { Task, TaskBatch } from '@looplab/tasks';
import { disposeTree } from './disposeTree.ts';
import { StudyError } from './errors.ts';
import type { HostTensors } from './hostTensors.ts';
import { fromHost } from './hostTensors.ts';
import type { Carried, Given } from './trainStep.ts';

/** What a checkpoint keeps besides the state's tensors; plain JSON. */
export interface RowsState {
  /** For each row the update from whose training batch its example comes. */
  readonly born: readonly number[];
  /** 1 where the row takes up a new example with the next update. */
  readonly done: readonly number[];
  /** Shapes of the state's leaves. */
  readonly leaves: Readonly<Record<string, readonly number[]>>;
}

/** Row `r` of a batch that is made of several is row `r` of one of them. */
export class CarriedRows {
  readonly #task: Task;
  readonly #seed: number;
  readonly #born: number[];
  readonly #done: number[];
  #rows: TaskBatch | undefined;
  #state: State | undefined;

  /** Every row starts anew with the first update. */
  constructor(task: Task, seed: number, batch: number) {
    this.#task = task;
    this.#seed = seed;
    this.#born = new Array<number>(batch).fill(0);
    this.#done = new Array<number>(batch).fill(1);
  }

  /** Rows as `state()` described them: their examples are drawn again, which gives the same. */
  static restore(task: Task, seed: number, saved: RowsState, host: HostTensors): CarriedRows {
    const rows = new CarriedRows(task, seed, saved.born.length);
    for (const step of new Set(saved.born)) {
      rows.#takeUp(step, (r) => saved.born[r] === step);
    }
    rows.#done.splice(0, rows.#done.length, ...saved.done);
    const leaves = Object.entries(saved.leaves).map(([name, shape]) => [name, fromHost(host, `carry.${name}`, shape)]);
    rows.#state = Object.fromEntries(leaves) as State; // made from pairs of name and tensor
    return rows;
  }

  /** The batch of update `step`, with new examples in the rows that were done. */
  batch(step: number): TaskBatch {
    return this.#takeUp(step, (r) => this.#done[r] === 1);
  }

  /**
   * What the update is given of the one before. The tensors are the caller's.
   * @param begin the state before the first step, to start with
   */
  async carry(begin: () => Promise<State>): Promise<NonNullable<Given['carry']>> {
    const state = this.#state ?? checked(await begin());
    this.#state = undefined;
    return { state, fresh: tensor(Float32Array.from(this.#done), [this.#done.length, 1]) };
  }

  /** Keeps what an update has made. */
  async keep({ state, done }: Carried): Promise<void> {
    this.#state = checked(state);
    (await done.data()).forEach((x, r) => {
      this.#done[r] = x > 0.5 ? 1 : 0;
    });
    done.dispose();
  }

  /** The state's tensors by the names that a checkpoint gives them. */
  tensors(): Readonly<Record<string, State[string]>> {
    return Object.fromEntries(Object.entries(this.#state ?? {}).map(([name, x]) => [`carry.${name}`, x]));
  }

  state(): RowsState {
    const leaves = Object.entries(this.#state ?? {}).map(([name, x]) => [name, x.shape] as const);
    return { born: [...this.#born], done: [...this.#done], leaves: Object.fromEntries(leaves) };
  }

  dispose(): void {
    disposeTree(this.#state ?? {});
  }

  #takeUp(step: number, isNew: (row: number) => boolean): TaskBatch {
    const drawn = this.#task.train(this.#seed, step, this.#born.length);
    const rows = this.#rows ?? copyOf(drawn);
    this.#born.forEach((_, r) => {
      if (!isNew(r)) return;
      copyRow(drawn, rows, r);
      this.#born[r] = step;
    });
    this.#rows = rows;
    return rows;
  }
}

/** The arrays of a batch by field, [batch, seq] each. */
function arraysOf(batch: TaskBatch): [string, Int32Array | Float32Array][] {
  return Object.entries(batch).filter((entry): entry is [string, Int32Array | Float32Array] =>
    ArrayBuffer.isView(entry[1]),
  );
}

function copyOf(batch: TaskBatch): TaskBatch {
  const copies = arraysOf(batch).map(([name, xs]) => [name, xs.slice()]);
  return { ...batch, ...Object.fromEntries(copies) };
}

function copyRow(from: TaskBatch, to: TaskBatch, row: number): void {
  const { seq } = from;
  const into = Object.fromEntries(arraysOf(to));
  for (const [name, xs] of arraysOf(from)) into[name]?.set(xs.subarray(row * seq, (row + 1) * seq) as never, row * seq); // arrays of one field have one type
}

function checked(state: State): State {
  for (const [name, x] of Object.entries(state)) {
    if (x.dtype !== 'float32') {
      throw new StudyError(
        `the leaf '${name}' of the state is ${x.dtype}; states that are carried over updates must be float32`,
      );
    }
  }
  return state;
}
