// Computes what rows need next: packs it, runs a program, and files what comes out.
import { type Hosted, HostTensor } from '@looplab/engine';
import type { Params } from '../model/params.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { readoutFlops, stackFlops } from '../recurrence/flops.ts';
import type { Inputs } from '../recurrence/plan.ts';
import { bucketOf } from './bucket.ts';
import { compilePrograms, type Named, type Programs } from './compilePrograms.ts';
import type { Course } from './courses.ts';
import type { Before, Carried, DecodeSetup, Given, StepResult, StepRows } from './decodePrograms.ts';
import { type Flight, kindOf, loopOf, pairsOf, stepKey, stopping } from './flight.ts';
import { layerRows, slotOf, tokenOf } from './layerRow.ts';
import { RopeRows } from './ropeRows.ts';
import { blankAll, copyAll, copyOf, type HostTensors, pack, packAll, unpack, unpackAll } from './rows.ts';
import { TokenMemory } from './tokenMemory.ts';

/** A readout of up to this share of a step's products is made with every step of single tokens, not by a call at the end. */
const CHEAP = 1 / 16;

/** Flights of one row, a trajectory each. */
export type RowFlights = readonly [Flight, ...Flight[]];

export class DecodeRunner {
  /** Counted so far. */
  flops = 0;
  readonly #setup: DecodeSetup;
  readonly #stacks: Readonly<Record<string, StackShape>>;
  readonly #rows: number;
  readonly #memory: TokenMemory;
  readonly #rope: RopeRows;
  readonly #programs: Programs;
  readonly #named = new Map<string, Named>();
  /** What rows under way carry, so that rows that begin can be computed beside them: zeros, by kind of token. */
  readonly #blanks = new Map<string, Hosted<Carried>>();
  /** Noise that is one for the batch. */
  readonly #shared: HostTensors;
  readonly #cheapReadout: boolean;

  constructor(
    setup: DecodeSetup,
    stacks: Readonly<Record<string, StackShape>>,
    params: Params,
    options: { readonly rows: number; readonly block: number; readonly shared: HostTensors },
  ) {
    this.#setup = setup;
    this.#stacks = stacks;
    this.#rows = options.rows;
    this.#shared = options.shared;
    const { config } = setup;
    const least = Math.min(...Object.values(stacks).map((s) => stackFlops(s, 1, 0)));
    this.#cheapReadout = !(CODA in stacks) && readoutFlops(config, stacks, 1, 0) <= CHEAP * least;
    this.#memory = new TokenMemory(setup.kv, stacks, options.rows, options.block);
    const widths = Object.values(stacks).map((s) => s.dModel / s.heads);
    this.#rope = new RopeRows(widths, setup.config.ropeTheta);
    this.#programs = compilePrograms(setup, params, (name) => this.#named.get(name) as Named); // put there by open()
  }

  /** Makes a course known. */
  open(course: Course): void {
    this.#memory.open(course);
    for (const kind of course.kinds) this.#named.set(kind.id, { kind, plan: course.plan });
  }

  /** Makes room for so many tokens in each row. */
  async reserve(tokens: number): Promise<void> {
    await this.#rope.reserve(this.#memory.reserve(tokens));
  }

  /** Embedding and prelude of rows that begin. */
  async begin(rows: readonly RowFlights[]): Promise<void> {
    const shape = this.#stacks[PRELUDE];
    if (!shape) return;
    const flights = rows.map(([f]) => f);
    const all = this.#padded(flights);
    const out = await this.#programs.begin(seqOf(all), this.#given(all), this.#memory.once(PRELUDE, all));
    const made = unpack(out.e);
    const layers = layerRows(out.written);
    rows.forEach((row, i) => {
      const e = copyOf(made[i] as HostTensor); // one a row
      for (const f of row) f.e = e;
      this.#memory.wroteOnce(PRELUDE, row[0], layers(i), row[0].inputs.keyMask);
    });
    for (const f of flights) this.flops += stackFlops(shape, f.seq, pairsOf(f));
  }

  /** The next step of flights that are all at one kind of step. */
  async step(flights: readonly Flight[]): Promise<void> {
    const all = this.#padded(flights);
    const { id } = kindOf(all[0] as Flight); // there is a flight
    this.#count(flights);
    const out = await this.#programs.step(seqOf(all), id, this.#given(all), this.#stepRows(all));
    const finished = this.#file(flights, out);
    if (this.#memory.last.used) await this.#showLeft(finished);
    for (const f of finished) f.step = f.course.plan.steps.length;
  }

  /** Gives the flights what a step made of them. Returns those that have ended, perhaps before the end of their plan. */
  #file(flights: readonly Flight[], out: Hosted<StepResult>): Flight[] {
    const carried = eachPart((part) => unpackAll(out.carried[part]));
    const begun = unpackAll(out.begun ?? {});
    const shown = unpackAll(out.shown);
    const done = out.done?.data;
    const logits = out.logits && unpack(out.logits);
    const written = out.written && layerRows(out.written);
    const has = out.written?.has ? unpack(out.written.has) : undefined;
    const coda = out.coda && layerRows(out.coda);
    const ended: Flight[] = [];
    flights.forEach((f, i) => {
      const kind = kindOf(f);
      if (written) this.#memory.wrote(f, kind, written(i), floats(has?.[i]));
      this.#memory.last.keep(stepKey(f, f.step), f.row, shown[i] ?? {});
      f.since = kind.k.inner ? (f.since ?? f.carried?.state ?? copyAll(begun[i] ?? {})) : undefined;
      const now = eachPart((part) => copyAll(carried[part][i] ?? {}));
      f.carried = now;
      if (kind.alike && !this.#blanks.has(likeOf(f)))
        this.#blanks.set(
          likeOf(f),
          eachPart((part) => blankAll(now[part])),
        );
      const stops = stopping(f, done?.subarray(i * f.seq, (i + 1) * f.seq));
      f.step++;
      for (const j of stops) {
        if (logits) keepLogits(f, j, floats(logits[i]));
        if (coda)
          this.#memory.wroteOnce(CODA, { row: f.row, offset: f.offset + j, seq: 1 }, tokenOf(coda(i), j, f.seq));
      }
      const left = f.step < f.course.plan.steps.length;
      if (left && (this.#setup.kv.write === 'all' || f.stopped.includes(0))) return;
      this.#memory.finish(f);
      ended.push(f);
    });
    return ended;
  }

  /** What ended flights would show in the steps that they skip: their states no longer change. */
  async #showLeft(flights: readonly Flight[]): Promise<void> {
    const left = flights.flatMap((f) => f.course.kinds.flatMap((kind, at) => (at >= f.step ? [{ f, kind, at }] : [])));
    for (const id of new Set(left.map(({ kind }) => kind.id))) {
      const alike = left.filter(({ kind }) => kind.id === id);
      const group = [...new Map(alike.map(({ f, at }) => [f, { ...f, step: at }])).values()]; // each flight once
      const all = this.#padded(group);
      const rows = unpackAll(await this.#programs.shown(seqOf(all), id, this.#given(all), this.#stepRows(all)));
      for (const { f, at } of alike) {
        const i = group.findIndex((g) => g.row === f.row);
        this.#memory.last.keep(stepKey(f, at), f.row, rows[i] ?? {});
      }
    }
  }

  /** Reads rows whose flights have ended; returns [seq, vocab] of each, and the flight that was chosen. */
  async read(rows: readonly RowFlights[]): Promise<{ logits: HostTensor[]; chosen: Flight[] }> {
    const firsts = rows.map(([f]) => f);
    const { vocab } = this.#setup.config;
    if (rows.every((row) => row.length === 1 && row[0].logits))
      return {
        logits: firsts.map((f) => new HostTensor(f.logits ?? new Float32Array(0), [f.seq, vocab])),
        chosen: firsts,
      };
    const all = this.#padded(firsts);
    const finals = (rows[0] as RowFlights).map((_, n) =>
      packAll(this.#padded(rows.map((row) => row[n]?.carried?.state ?? {}))),
    );
    for (const f of firsts) this.flops += readoutFlops(this.#setup.config, this.#stacks, f.seq, pairsOf(f));
    const out = await this.#programs.read(seqOf(all), this.#given(all), finals, this.#memory.once(CODA, all));
    const layers = out.written && layerRows(out.written);
    firsts.forEach((f, i) => {
      if (layers) this.#memory.wroteOnce(CODA, f, layers(i), f.inputs.keyMask);
    });
    const choice = out.choice?.data;
    return {
      logits: unpack(out.logits).slice(0, rows.length).map(copyOf),
      chosen: rows.map((row, i) => row[choice?.[i] ?? 0] as Flight), // a trajectory of the row
    };
  }

  /** Forgets all tokens. */
  clear(): void {
    this.#memory.clear();
  }

  dispose(): void {
    this.#programs.dispose();
  }

  /** As many as a program is compiled for; those added are computed for nothing. */
  #padded<T>(rows: readonly T[]): T[] {
    const n = bucketOf(rows.length, Math.max(rows.length, this.#rows));
    return [...rows, ...new Array<T>(n - rows.length).fill(rows[0] as T)]; // there is a row
  }

  #given(flights: readonly Flight[]): Hosted<Given> {
    const [{ seq, offset, e }] = flights as readonly [Flight];
    const positions = seq === 1 ? flights.map((f) => f.offset) : Array.from({ length: seq }, (_, j) => offset + j);
    return {
      inputs: packAll(flights.map((f) => f.inputs)) as unknown as Hosted<Inputs>, // what the caller fed
      ...(e ? { e: pack(flights.map((f) => f.e ?? e)) } : {}),
      noise: { ...packAll(flights.map((f) => f.noise)), ...this.#shared },
      rope: this.#rope.at(positions),
    };
  }

  #stepRows(flights: readonly Flight[]): Hosted<StepRows> {
    const [first] = flights as readonly [Flight];
    const { mayExit, since } = first;
    const { strategy, kv } = this.#setup;
    const held = flights.some((f) => f.stopped.includes(1));
    const fills = (held || strategy.active !== undefined) && kv.write === 'active' && kv.missing === 'latest';
    const nothing = kindOf(first).alike ? this.#blanks.get(likeOf(first)) : undefined;
    const like = nothing ?? first.carried;
    return {
      mayExit,
      reads: this.#reads(first),
      carried: like && eachPart((part) => packAll(flights.map((f) => (f.carried ?? like)[part]))),
      since: since && packAll(flights.map((f) => f.since ?? since)),
      fresh:
        nothing &&
        new HostTensor(
          Float32Array.from(flights, (f) => (f.carried ? 0 : 1)),
          [flights.length],
        ),
      loop: packed(flights, (f) => new Float32Array(f.seq).fill(loopOf(f))),
      stopped: held ? packed(flights, (f) => f.stopped) : undefined,
      latest: fills ? slotOf(flights.flatMap((f) => this.#memory.latest(f) ?? [])) : undefined,
      before: this.#before(flights),
      past: this.#memory.views(flights),
      coda: this.#coda(flights),
    };
  }

  #before(flights: readonly Flight[]): Hosted<Before> {
    return packAll(flights.map((f) => this.#memory.last.before(stepKey(f, f.step), f.row)));
  }

  /** Whether logits are read after the next step: where the exit rule wants them, or a call of its own would cost more. */
  #reads(f: Flight): boolean {
    if (kindOf(f).k.inner) return false;
    if (f.mayExit && this.#setup.exit.needs.includes('logits')) return true;
    return f.seq === 1 && this.#cheapReadout && this.#setup.strategy.choose === undefined;
  }

  /** What the coda sees, if logits are read after steps. */
  #coda(flights: readonly Flight[]): Hosted<StepRows['coda']> {
    return this.#reads(flights[0] as Flight) ? this.#memory.once(CODA, flights) : undefined;
  }

  /** Counts the step that the flights are at. */
  #count(flights: readonly Flight[]): void {
    flights.forEach((f, i) => {
      const { once, token, pair } = f.course.costs[f.step] as Course['costs'][number]; // a cost a step
      this.flops += (i === 0 ? once : 0) + token * f.seq + pair * pairsOf(f);
      if (this.#reads(f)) this.flops += readoutFlops(this.#setup.config, this.#stacks, f.seq, pairsOf(f));
    });
  }
}

/** A record of what rows carry, part by part. */
const eachPart = <T>(of: (part: keyof Carried) => T): Record<keyof Carried, T> => ({
  state: of('state'),
  driven: of('driven'),
  memory: of('memory'),
});

/** Equal for tokens that carry tensors of the same shapes. */
const likeOf = (f: Flight): string => `${f.course.trajectory}/${f.seq}/${f.mayExit}`;

const seqOf = (flights: readonly Flight[]): number => flights[0]?.seq ?? 0;

const floats = (x: HostTensor | undefined): Float32Array | undefined => x?.data as Float32Array | undefined; // written as float32

const packed = (flights: readonly Flight[], of: (f: Flight) => Float32Array): HostTensor =>
  pack(flights.map((f) => new HostTensor(of(f), [f.seq])));

function keepLogits(f: Flight, j: number, logits: Float32Array | undefined): void {
  if (!logits) return;
  const vocab = logits.length / f.seq;
  f.logits ??= new Float32Array(logits.length);
  f.logits.set(logits.subarray(j * vocab, (j + 1) * vocab), j * vocab);
}
