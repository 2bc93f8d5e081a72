// Cached decoding: tokens go in, logits come out; what has stopped is not computed any further.
import { type HostData, HostTensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ExitRule } from '../exit/exitRule.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { assertSeq, type ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import type { StackShape } from '../model/specs.ts';
import { assertStrategy, stacksOf } from '../recurrence/layout.ts';
import { drawValues } from '../recurrence/noise.ts';
import type { Inputs } from '../recurrence/plan.ts';
import type { NoiseSpec, Strategy } from '../recurrence/strategy.ts';
import { StrategyError } from '../recurrence/strategyError.ts';
import type { Key } from '../rng/random.ts';
import { type Course, Courses } from './courses.ts';
import type { DecodeSetup } from './decodePrograms.ts';
import { DecodeRunner, type RowFlights } from './decodeRunner.ts';
import { type Flight, isDone, kindOf } from './flight.ts';
import { type HostTensors, pack, unpackAll } from './rows.ts';

export interface DecoderOptions {
  /** Loops to run at most; default `model.loops`. */
  readonly loops?: number;
  /** Instead of the strategy's rule. */
  readonly exit?: ExitRule;
  /** Instead of the strategy's policy. */
  readonly kv?: KvPolicy;
  readonly hp?: Readonly<Record<string, number>>;
  /** Needed if the strategy declares noise: the same key gives the noise of `drawNoise` in a parallel pass. */
  readonly key?: Key;
  /** Tokens that the cache has room for at first; it doubles when it is full. Default 32. */
  readonly block?: number;
}

/** What a decoder is fed. */
export interface FedInputs extends Inputs {
  /** Loops each token takes at most, row-major [batch, seq]. */
  readonly limits?: ArrayLike<number>;
}

export interface Decoded {
  /** [batch, seq, vocab], read where each token stopped; the caller disposes of it. */
  readonly logits: tf.Tensor;
  /** Loops each token took, row-major [batch, seq]; in the trajectory that was chosen. */
  readonly depths: Int32Array;
  /** Counted FLOPs: the matrix products of the tokens that were computed. */
  readonly flops: number;
}

/** A token for one row. */
export interface Sent {
  readonly row: number;
  readonly id: number;
  /** Loops it takes at most. */
  readonly limit?: number;
}

/** A token that was sent has come out. */
export interface Arrival {
  readonly row: number;
  /** [vocab] */
  readonly logits: Float32Array;
  /** Loops that it took. */
  readonly depth: number;
}

/**
 * Holds the cache of a batch of sequences. `feed` takes all of them further at once; `send` and `advance` let each row go
 * its own way, so that a row whose token stops early begins its next one beside the later loops of the others.
 */
export class Decoder {
  readonly #setup: DecodeSetup;
  readonly #stacks: Readonly<Record<string, StackShape>>;
  readonly #params: Params;
  readonly #key: Key | undefined;
  readonly #block: number;
  /** Made for the first batch. */
  #opened: { readonly runner: DecodeRunner; readonly courses: Courses } | undefined;
  /** Tokens in each row, those under way included. */
  #lengths: number[] = [];
  /** Rows under way: one flight a trajectory. */
  #flights: RowFlights[] = [];

  /** The parameters must outlive the decoder. Call {@link dispose} when done. */
  constructor(config: ModelConfig, strategy: Strategy, params: Params, options: DecoderOptions = {}) {
    assertStrategy(config, strategy);
    const { loops = config.loops, exit = strategy.exit, kv = strategy.kv, hp, key, block = 32 } = options;
    if (strategy.noise?.(config, loops).length && !key)
      throw new StrategyError(`strategy ${strategy.id}: draws noise, and the decoder has no key; pass key: key(seed)`);
    if (exit.needs.includes('halt') && !strategy.halt) {
      throw new StrategyError(
        `exit rule ${exit.id} needs a halting gate, which strategy ${strategy.id} does not have; use another rule, such as fixedDepth`,
      );
    }
    this.#stacks = stacksOf(config, strategy);
    this.#setup = { config, strategy, kv, exit, loops, hp };
    this.#params = params;
    this.#key = key;
    this.#block = block;
  }

  /** Tokens in the longest row. */
  get length(): number {
    return Math.max(0, ...this.#lengths);
  }

  /** Counted FLOPs of all tokens so far. */
  get flops(): number {
    return this.#opened?.runner.flops ?? 0;
  }

  /**
   * Appends tokens to every sequence and reads them.
   * @param inputs `ids` int32 [batch, seq]; `keyMask` 0 for padding, which only makes sense to the left; `depth` and
   *   `limits` the loops each token takes at most
   * @param options.exit a rule for these tokens only; `null` runs them to full depth, as a prompt should be
   * @throws ConfigError if the batch size changes or the sequence outgrows the model
   */
  async feed(inputs: FedInputs, options: { exit?: null } = {}): Promise<Decoded> {
    const { limits: given, ...fed } = inputs;
    const [batch, seq] = inputs.ids.shape as [number, number]; // [batch, seq]
    if (inputs.segments)
      throw new ConfigError('a cache holds one text a row; feed texts as rows of their own instead of segments');
    const { runner, courses } = this.#open(batch);
    const offset = this.length;
    if (this.#flights.length > 0 || this.#lengths.some((n) => n !== offset))
      throw new ConfigError('rows that were sent tokens of their own cannot be fed together; go on with send');
    const before = runner.flops;
    const planned = courses.of(fed);
    const { depth } = planned;
    const limits = limitsOf(depth ? await depth.data() : undefined, given, batch * seq);
    const rows = unpackAll(await hosted(fed));
    const flights = rows.map((row, b) =>
      this.#launch(planned.courses, {
        row: b,
        inputs: row,
        seq,
        limits: limits?.subarray(b * seq, (b + 1) * seq),
        mayExit: options.exit !== null,
      }),
    );
    await this.#begin(flights);
    while (this.#flights.some((row) => !row.every(isDone))) await this.#step();
    this.#flights = [];
    const { logits, chosen } = await runner.read(flights);
    return {
      logits: tensorOf(pack(logits)),
      depths: Int32Array.from(chosen.flatMap((f) => [...f.depths])),
      flops: runner.flops - before,
    };
  }

  /**
   * Appends a token to each of some rows; they come out of {@link advance}. A row takes its next token when the last has
   * come out.
   * @throws ConfigError if a row does not exist, is under way or outgrows the model, or a token is none of the model's
   */
  async send(tokens: readonly Sent[]): Promise<void> {
    for (const { row, id } of tokens) {
      if (this.#lengths[row] === undefined)
        throw new ConfigError(`the decoder has no row ${row}; feed the batch its prompts first`);
      if (this.#flights.some(([f]) => f.row === row))
        throw new ConfigError(`row ${row} has a token under way; wait for it to arrive`);
      if (!Number.isInteger(id) || id < 0 || id >= this.#setup.config.vocab)
        throw new ConfigError(`token ids must be 0 to ${this.#setup.config.vocab - 1} (got ${id})`);
    }
    if (tokens.length === 0) return;
    const courses = this.#use().courses.ofOne(this.#lengths.length);
    await this.#begin(
      tokens.map(({ row, id, limit }) => {
        const inputs = { ids: new HostTensor(Int32Array.of(id), [1]) };
        const limits = limitsOf(undefined, limit === undefined ? undefined : [limit], 1);
        return this.#launch(courses, { row, inputs, seq: 1, limits, mayExit: true });
      }),
    );
  }

  /** Computes until a token that was sent comes out. Returns none if none is under way. */
  async advance(): Promise<Arrival[]> {
    while (this.#flights.length > 0) {
      await this.#step();
      const arrived = this.#flights.filter((row) => row.every(isDone));
      if (arrived.length === 0) continue;
      this.#flights = this.#flights.filter((row) => !row.every(isDone));
      const { logits, chosen } = await this.#use().runner.read(arrived);
      return chosen.map((f, i) => ({
        row: f.row,
        logits: logits[i]?.data as Float32Array, // one a row
        depth: f.depths[0] ?? 0,
      }));
    }
    return [];
  }

  /** Forgets all tokens, those under way included; what was compiled serves the next ones of this batch. */
  reset(): void {
    this.#opened?.runner.clear();
    this.#lengths.fill(0);
    this.#flights = [];
  }

  /** Frees what was derived from the parameters. */
  dispose(): void {
    this.#opened?.runner.dispose();
    this.#opened = undefined;
    this.#lengths = [];
    this.#flights = [];
  }

  /** What computes a batch, made for the first one. */
  #open(batch: number): { readonly runner: DecodeRunner; readonly courses: Courses } {
    if (!this.#opened) {
      const shared = this.#noise().filter(({ spec }) => spec.per === 'batch');
      const runner = new DecodeRunner(this.#setup, this.#stacks, this.#params, {
        rows: batch,
        block: this.#block,
        shared: Object.fromEntries(
          shared.map(({ spec, key }) => {
            const { data, shape } = drawValues(spec, { batch, seq: 1, loops: this.#setup.loops }, key);
            return [spec.name, new HostTensor(data, shape)];
          }),
        ),
      });
      this.#opened = { runner, courses: new Courses(this.#setup, this.#stacks, (course) => runner.open(course)) };
      this.#lengths = new Array<number>(batch).fill(0);
    }
    if (batch !== this.#lengths.length)
      throw new ConfigError(
        `the decoder holds ${this.#lengths.length} sequences (got ids for ${batch}); make one decoder a batch`,
      );
    return this.#opened;
  }

  /** What computes the batch there is. */
  #use(): { readonly runner: DecodeRunner; readonly courses: Courses } {
    return this.#open(this.#lengths.length);
  }

  /** What is drawn for tokens, the exit rule's tosses included. */
  #noise(loops = this.#setup.loops): { spec: NoiseSpec; key: Key }[] {
    const { strategy, config, exit } = this.#setup;
    const own = this.#key;
    return [
      ...(own ? (strategy.noise?.(config, this.#setup.loops) ?? []).map((spec) => ({ spec, key: own })) : []),
      ...(exit.noise?.specs(loops).map((spec) => ({ spec, key: exit.noise?.key ?? [0, 0] }) as const) ?? []),
    ];
  }

  /** Flights of one row's tokens. */
  #launch(
    courses: readonly Course[],
    tokens: Pick<Flight, 'row' | 'inputs' | 'seq' | 'limits' | 'mayExit'>,
  ): RowFlights {
    const { row, seq } = tokens;
    const offset = this.#lengths[row] as number; // checked by the caller
    assertSeq(this.#setup.config, seq, offset);
    const flights = courses.map((course): Flight => {
      const at = { batch: 1, seq, loops: course.loops, offset, rows: [row] };
      const drawn = this.#noise(course.loops).filter(({ spec }) => spec.per !== 'batch');
      const noise: HostTensors = Object.fromEntries(
        drawn.map(({ spec, key }) => {
          const { data, shape } = drawValues(spec, at, key);
          return [spec.name, new HostTensor(data, shape.slice(1))];
        }),
      );
      const start = { stopped: new Float32Array(seq), depths: new Int32Array(seq), latest: new Map(), kept: new Map() };
      return { ...tokens, course, offset, noise, step: 0, ...start };
    });
    return flights as [Flight, ...Flight[]]; // a strategy has a trajectory
  }

  async #begin(rows: readonly RowFlights[]): Promise<void> {
    const { runner } = this.#use();
    for (const [f] of rows) this.#lengths[f.row] = f.offset + f.seq;
    await runner.reserve(this.length);
    this.#flights.push(...rows);
    await runner.begin(rows);
  }

  /** The next step of as many flights as can be computed together. */
  async #step(): Promise<void> {
    const { runner } = this.#use();
    const groups = new Map<string, Flight[]>();
    for (const f of this.#flights.flat()) {
      if (isDone(f)) continue;
      const group = groups.get(kindOf(f).id) ?? [];
      group.push(f);
      groups.set(kindOf(f).id, group);
    }
    const largest = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));
    largest.sort((a, b) => a.row - b.row); // rows in order are read from the cache in place
    await runner.step(largest);
  }
}

/** The values of what was fed. */
async function hosted(inputs: Inputs): Promise<HostTensors> {
  const read = Object.entries({ ...inputs } as Readonly<Record<string, tf.Tensor>>).map(
    async ([name, x]) => [name, new HostTensor((await x.data()) as HostData, x.shape)] as const, // inputs are numbers
  );
  return Object.fromEntries(await Promise.all(read));
}

function tensorOf({ data, shape }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape]);
}

/** The stricter of two limits for each token. */
function limitsOf(
  depth: ArrayLike<number> | undefined,
  limits: ArrayLike<number> | undefined,
  tokens: number,
): Float32Array | undefined {
  if (!depth && !limits) return undefined;
  const all = Float32Array.from({ length: tokens }, (_, i) =>
    Math.min(depth?.[i] ?? Number.POSITIVE_INFINITY, limits?.[i] ?? Number.POSITIVE_INFINITY),
  );
  if (all.some((x) => x < 1)) throw new ConfigError(`depth must be >= 1 for every token (got ${Math.min(...all)})`);
  return all;
}
