// One call of a decoder: walks the plan, computing in each step only the rows with a token that has not stopped.
import { type RopeTables, tensor } from '@looplab/engine';
import { prefixKeys } from '../kv/keptSlots.ts';
import { readSlots } from '../kv/kvPolicy.ts';
import { type KvSlot, type KvSlots, slotKey } from '../kv/kvSlots.ts';
import type { StackShape } from '../model/specs.ts';
import { readoutFlops, stepFlops } from '../recurrence/flops.ts';
import type { Micro } from '../recurrence/plan.ts';
import { type Chosen, type DecodeSetup, type decodeStep, type Past, type Rows, unwritten } from './decodeStep.ts';
import type { KvCache } from './kvCache.ts';
import type { TensorPool } from './tensorPool.ts';

export interface FeedSetup extends DecodeSetup {
  readonly stacks: Readonly<Record<string, StackShape>>;
  readonly cache: KvCache;
  readonly pool: TensorPool;
  readonly rope: Readonly<Record<string, RopeTables>>;
  readonly offset: Past['offset'];
  readonly step: (rows: Rows, past: Past, k: Micro, chosen: Chosen) => Promise<ReturnType<typeof decodeStep>>;
  /** Steps each token takes at most, row-major. */
  readonly limits: ArrayLike<number> | undefined;
  /** Whether the exit rule may stop tokens. */
  readonly mayExit: boolean;
}

export class Feed {
  readonly #setup: FeedSetup;
  readonly #batch: number;
  readonly #seq: number;
  /** Row-major, 1 where a token has stopped. */
  readonly #stopped: Float32Array;
  /** What each core's last step wrote, whole batch. */
  readonly #latest: Record<string, KvSlot> = {};
  rows: Rows;
  /** What the new tokens wrote, whole batch, by slot. */
  readonly written: Record<string, KvSlot>;
  /** Steps each token took. */
  readonly depths: Int32Array;
  flops = 0;

  constructor(setup: FeedSetup, rows: Rows, written: KvSlots) {
    const [batch, seq] = rows.ids.shape as [number, number]; // [batch, seq]
    this.#setup = setup;
    this.#batch = batch;
    this.#seq = seq;
    this.#stopped = new Float32Array(batch * seq);
    this.rows = rows;
    this.written = { ...written };
    this.depths = new Int32Array(batch * seq);
  }

  /** Keys that a query of this call can see. */
  get context(): number {
    return this.#setup.cache.length + this.#seq;
  }

  /** Earlier slots by name, as a step sees them. */
  past(keys: readonly string[]): Past {
    const { cache, rope, offset } = this.#setup;
    return { prefix: cache.prefix(keys), here: {}, latest: {}, rope, offset };
  }

  async step(k: Micro): Promise<void> {
    const { pool, exit, strategy } = this.#setup;
    const alive = this.#alive();
    if (alive.length === 0) return this.#skip(k);
    const stopped = alive.flatMap((b) => [...this.#stopped.subarray(b * this.#seq, (b + 1) * this.#seq)]);
    const all = alive.length === this.#batch;
    const chosen: Chosen = {
      index: all ? undefined : pool.own(tensor(Int32Array.from(alive), [alive.length])),
      place: all ? undefined : pool.own(tensor(placeOf(alive, this.#batch), [this.#batch])),
      stopped: stopped.includes(1)
        ? pool.own(tensor(Float32Array.from(stopped), [alive.length, this.#seq]))
        : undefined,
    };
    const out = pool.own(await this.#setup.step(this.rows, this.#pastOf(k), k, chosen));
    this.rows = { ...this.rows, state: out.state, memory: out.memory };
    for (const [key, slot] of Object.entries(out.written)) {
      this.written[key] = slot;
      this.#latest[k.core] = slot;
    }
    const rows = alive.length * this.#seq;
    const work = { shape: this.#shape(k), rows, pairs: rows * this.context };
    this.flops += stepFlops(this.#setup.config, strategy, this.#setup.kv, k, work);
    if (exit.needs.includes('logits')) this.#countReadout(alive.length);
    this.#stop(k, alive, this.#setup.mayExit ? await out.done.data() : undefined);
  }

  /** Logits of the final states have been read. */
  wroteReadout(written: KvSlots): void {
    Object.assign(this.written, written);
    this.#countReadout(this.#batch);
  }

  #countReadout(rows: number): void {
    const n = rows * this.#seq;
    this.flops += readoutFlops(this.#setup.config, this.#setup.stacks, n, n * this.context);
  }

  #shape(k: Micro): StackShape {
    return this.#setup.stacks[k.core] as StackShape; // the pass checks that plans name declared cores
  }

  /** Rows to compute: those with a token that goes on; all of them if even stopped tokens must write. */
  #alive(): number[] {
    const rows = Array.from({ length: this.#batch }, (_, b) => b);
    if (this.#setup.kv.write === 'all') return rows;
    return rows.filter((b) => this.#stopped.subarray(b * this.#seq, (b + 1) * this.#seq).includes(0));
  }

  #pastOf(k: Micro): Past {
    const { kv } = this.#setup;
    const latest = this.#latest[k.core];
    const mine = readSlots(kv, k.t)
      .filter((slot) => slot !== kv.slot(k.t))
      .map((slot) => slotKey(k.core, slot));
    return {
      ...this.past(prefixKeys(kv, k.core, k.t)),
      here: Object.fromEntries(mine.flatMap((key) => (this.written[key] ? [[key, this.written[key]]] : []))),
      latest: latest ? { [k.core]: latest } : {},
    };
  }

  /** A step that nobody computes: its slot shows what the policy lets a skipped step show. */
  #skip(k: Micro): void {
    const slot = this.#setup.kv.slot(k.t);
    if (slot === null) return;
    const shows = (): KvSlot => unwritten(this.#setup, this.#latest[k.core], k, [this.#batch, this.#seq]);
    this.written[slotKey(k.core, slot)] = this.#setup.pool.run(shows);
  }

  #stop(k: Micro, alive: readonly number[], done: ArrayLike<number> | undefined): void {
    const { limits } = this.#setup;
    alive.forEach((b, row) => {
      for (let j = 0; j < this.#seq; j++) {
        const i = b * this.#seq + j;
        if (this.#stopped[i] === 1) continue;
        this.depths[i] = k.t + 1;
        const exits = done !== undefined && (done[row * this.#seq + j] as number) > 0; // done has a value for each computed token
        const limited = limits !== undefined && (limits[i] as number) <= k.t + 1; // limits has a value for each token
        if (exits || limited) this.#stopped[i] = 1;
      }
    });
  }
}

/** For each row its place in the batch followed by the computed rows. */
function placeOf(alive: readonly number[], batch: number): Int32Array {
  const place = Int32Array.from({ length: batch }, (_, b) => b);
  alive.forEach((b, i) => {
    place[b] = batch + i;
  });
  return place;
}
