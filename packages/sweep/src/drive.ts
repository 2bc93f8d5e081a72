// Drives a sweep to its end: asks the search what to run, hands runs to a launcher, and reads from their folders what came of them.
import { join } from 'node:path';
import { CancelledError } from '@looplab/train';
import { SweepError } from './errors.ts';
import type { SweepEvents } from './events.ts';
import type { Launcher, TaskState } from './launch/launcher.ts';
import { checkedRuns, type PlannedRun, type SweepPlan } from './plan/sweepPlan.ts';
import type { Verdict, Want } from './plan/verdict.ts';
import { type DeskContext, isSilent, RunDesk } from './runDesk.ts';
import { exits } from './runTask.ts';
import type { Outcome, Suggestion } from './search/search.ts';
import { Timeline } from './search/timeline.ts';
import type { JobRecord, JournalRecord, OutcomeRecord, SweepFolder } from './store/sweepFolder.ts';

export interface DriveOptions extends Pick<DeskContext, 'device' | 'threads'> {
  readonly launcher: Launcher;
  /** Command that carries out the task whose path is added to it. */
  readonly worker: readonly string[];
  /** Runs that fail or diverge before the sweep stops. */
  readonly maxFailures: number;
  /** Further starts of a run that the machine let down, in this process. */
  readonly retries: number;
  /** Only these runs, and nothing new; default: all. */
  readonly only?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  readonly events: SweepEvents;
  /** Milliseconds between two looks. */
  readonly tickMs: number;
}

/** How a drive ended. */
export interface DriveEnd {
  /** `complete`: nothing is left to do. `incomplete`: what is left needs another start, as the machine failed or others are at work. */
  readonly end: 'complete' | 'incomplete' | StopReason;
}

/** Why a drive stops before everything is done; `unwell`: starts fail one after the other without getting anywhere. */
type StopReason = 'cancelled' | 'failures' | 'detached' | 'unwell';

/** A run and how far one job wants it. */
interface Work {
  readonly desk: RunDesk;
  readonly want: Want;
  readonly job: number;
  readonly order: readonly [number, number];
}

interface Active extends Work {
  readonly handle: string;
  readonly name: string;
  /** Step at which it was started. */
  readonly from: number;
}

/** Why a run that a person gave up ended. */
const BY_HAND = { error: 'given up by hand' };

/** So many starts in a row without a step forward mean that something is wrong with the machine, not with the runs. */
const STREAK = 10;

/** So long runs may take to save and end when the sweep is stopped. */
const GRACE_MS = 60_000;

/** One process's drive of one sweep. */
export class Driver {
  readonly #plan: SweepPlan;
  readonly #folder: SweepFolder;
  readonly #options: DriveOptions;
  readonly #timeline: Timeline;
  readonly #context: DeskContext;
  readonly #jobs: { suggestion: Suggestion; desks: RunDesk[] }[] = [];
  readonly #outcomes = new Map<number, OutcomeRecord>();
  readonly #desks = new Map<string, RunDesk>();
  readonly #known = new Map<string, PlannedRun>();
  #pending: Work[] = [];
  #active: Active[] = [];
  /** Runs that another process computes. */
  #elsewhere: Work[] = [];
  /** Runs that the machine let down too often. */
  #blocked: Work[] = [];
  #failures = 0;
  /** Starts in a row that the machine let down. */
  #streak = 0;
  #stop: { why: StopReason; since: number; forced: boolean } | undefined;
  #recorded: JobRecord[];

  constructor(plan: SweepPlan, folder: SweepFolder, context: DeskContext, options: DriveOptions) {
    this.#plan = plan;
    this.#folder = folder;
    this.#context = context;
    this.#options = options;
    this.#timeline = new Timeline(plan.search, plan.work);
    const past = (kind: JournalRecord['kind']) => folder.past.filter((r) => r.kind === kind);
    this.#recorded = past('job') as JobRecord[]; // of that kind
    for (const record of past('outcome') as OutcomeRecord[]) this.#outcomes.set(record.job, record);
    this.#extend();
    for (const record of folder.past) if (record.kind === 'prune') this.#prune([record.run], false);
  }

  /** Every run that is known so far. */
  get runs(): readonly RunDesk[] {
    return [...this.#desks.values()];
  }

  /** Runs until nothing is left or something stops it. */
  async run(): Promise<DriveEnd> {
    const { launcher, events, signal, tickMs } = this.#options;
    await this.#adopt();
    events.begin(this.#snapshot());
    for (;;) {
      this.#folder.refresh();
      if (signal?.aborted) this.#stopFor(launcher.outlives ? 'detached' : 'cancelled');
      this.#obey();
      await this.#collect();
      this.#revisit();
      this.#extend();
      if (this.#stop?.why === 'detached') return { end: 'detached' };
      if (this.#stop) await this.#wind(this.#stop);
      else await this.#submit();
      events.progress(this.#snapshot());
      if (this.#active.length === 0) {
        if (this.#stop) return { end: this.#stop.why };
        if (this.#pending.length === 0 && this.#elsewhere.length === 0) {
          return { end: this.#blocked.length > 0 ? 'incomplete' : 'complete' };
        }
      }
      await launcher.wait(tickMs);
    }
  }

  /** Lets the timeline go on and turns what it suggests into runs, journalled before anything is started. */
  #extend(): void {
    if (this.#options.only && this.#jobs.length > 0) return;
    const records: JournalRecord[] = [];
    const fresh = this.#timeline.advance((index) => this.#judge(index, records));
    for (const suggestion of fresh) {
      const job = this.#jobs.length;
      const runs = checkedRuns(this.#plan, suggestion, this.#known);
      const record: JobRecord = {
        kind: 'job',
        job,
        ...suggestion,
        runs: runs.map(({ id, plan }) => ({
          run: id,
          seed: plan.seed,
          ...(plan.variant === undefined ? {} : { variant: plan.variant }),
        })),
      };
      const before = this.#recorded[job];
      if (before === undefined) records.push(record);
      else assertSame(before, record, this.#plan.id);
      this.#begin(suggestion, runs);
    }
    this.#folder.record(records);
    if (fresh.length > 0) this.#pending.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]);
  }

  #begin(suggestion: Suggestion, runs: readonly PlannedRun[]): void {
    const job = this.#jobs.length;
    // Where nothing depends on results, all points get their first seed first: a sweep stopped half-way has compared them.
    const isListed = this.#plan.search.parallel === Number.POSITIVE_INFINITY;
    const desks = runs.map((run) => {
      const desk = this.#desks.get(run.id) ?? new RunDesk(run, this.#context);
      this.#desks.set(run.id, desk);
      this.#known.set(run.id, run);
      const seed = this.#plan.spec.seeds.indexOf(run.plan.seed);
      const order = isListed ? ([seed, job] as const) : ([job, seed] as const);
      const { until, limits } = suggestion;
      const want = { ...(until === undefined ? {} : { until }), ...(limits === undefined ? {} : { limits }) };
      const work = { desk, want, job, order };
      const isWanted = this.#options.only?.has(run.id) ?? true;
      if (isWanted && desk.settled(want) === undefined) this.#pending.push(work);
      return desk;
    });
    this.#jobs.push({ suggestion, desks });
  }

  /** The result of a job: as recorded, or from its runs once each has one. */
  #judge(index: number, records: JournalRecord[]): Pick<Outcome, 'score' | 'curves'> | undefined {
    const known = this.#outcomes.get(index);
    if (known) return known;
    const job = this.#jobs[index];
    if (job === undefined || this.#isOpen(index)) return undefined;
    const verdicts = job.desks.map((desk) => desk.verdict(job.suggestion));
    if (!verdicts.every((v): v is Verdict => v !== undefined)) return undefined;
    const scores = verdicts.map((v) => v.score);
    const sum = scores.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0);
    const outcome: OutcomeRecord = {
      kind: 'outcome',
      job: index,
      score: sum === null ? null : sum / scores.length,
      ...(this.#plan.search.curves ? { curves: verdicts.map((v) => v.curve) } : {}),
    };
    this.#outcomes.set(index, outcome);
    records.push(outcome);
    return outcome;
  }

  #isOpen(job: number): boolean {
    return [this.#pending, this.#active, this.#elsewhere, this.#blocked].some((list) =>
      list.some((w) => w.job === job),
    );
  }

  /** Takes up tasks that an earlier driver handed to a launcher that outlives it. */
  async #adopt(): Promise<void> {
    const { launcher } = this.#options;
    if (!launcher.outlives) return;
    const prefix = `${launcher.id} `;
    const found = this.#pending.flatMap((work) => {
      const handle = work.desk.handle;
      return handle?.startsWith(prefix) ? [{ work, handle: handle.slice(prefix.length) }] : [];
    });
    const states = await launcher.poll(found.map((f) => f.handle));
    for (const [i, { work, handle }] of found.entries()) {
      if (states[i]?.state === 'ended') continue;
      this.#pending = this.#pending.filter((w) => w !== work);
      this.#active.push({ ...work, handle, name: work.desk.run.id, from: work.desk.status?.step ?? 0 });
    }
  }

  /** Does what was asked of the driver through files. */
  #obey(): void {
    for (const request of this.#folder.takeRequests()) {
      if (request.do === 'cancel') this.#stopFor('cancelled');
      else this.#prune(request.runs, true);
    }
  }

  #prune(ids: readonly string[], isNew: boolean): void {
    for (const id of ids) {
      const desk = this.#desks.get(id);
      if (desk === undefined || desk.isPruned) continue;
      desk.isPruned = true;
      if (isNew) this.#folder.record([{ kind: 'prune', run: id }]);
      const running = this.#active.filter((a) => a.desk === desk);
      void this.#options.launcher.stop(running.map((a) => a.handle));
      const isIdle = running.length === 0;
      if (isNew && isIdle && this.#pending.some((w) => w.desk === desk)) desk.note('pruned', BY_HAND);
      this.#pending = this.#pending.filter((w) => w.desk !== desk);
      this.#blocked = this.#blocked.filter((w) => w.desk !== desk);
    }
  }

  /** Reads what came of the tasks that are over. */
  async #collect(): Promise<void> {
    if (this.#active.length === 0) return;
    const states = await this.#options.launcher.poll(this.#active.map((a) => a.handle));
    const ended = this.#active.flatMap((active, i) => {
      const state = states[i];
      return state?.state === 'ended' ? [{ active, state }] : [];
    });
    for (const { active, state } of ended) {
      this.#active = this.#active.filter((a) => a !== active);
      this.#settle(active, state);
    }
  }

  #settle(active: Active, state: TaskState & { state: 'ended' }): void {
    const { desk, want } = active;
    const { events, launcher } = this.#options;
    if (launcher.outlives) {
      desk.handle = undefined;
      desk.breakSilentLock();
    }
    if (desk.isBusy) {
      this.#elsewhere.push(active);
      return;
    }
    const status = desk.status;
    if (desk.isPruned && desk.verdict(want)?.status === 'pruned') desk.note('pruned', BY_HAND);
    const verdict = desk.settled(want);
    if (verdict) {
      if (verdict.status === 'failed' || verdict.status === 'diverged') this.#fail();
      this.#streak = 0;
      events.ended({ desk, verdict, counts: this.#counts(), ...(status?.error ? { error: status.error } : {}) });
      return;
    }
    if (this.#stop || status?.status === 'cancelled' || status?.status === 'preempted') {
      // Started anew as often as it takes, as long as each start gets further.
      if ((status?.step ?? 0) <= active.from && !this.#stop) desk.attempts++;
      if (isSilent(status?.status)) desk.note('preempted');
    } else {
      desk.attempts++;
      if (isSilent(status?.status)) {
        const isUser = state.code === exits.user;
        const error = `${howItEnded(state)}; see ${join(desk.dir, 'log.txt')}`;
        desk.note('failed', { error, cause: isUser ? 'user' : 'infra' });
        if (isUser) {
          this.#settle(active, state);
          return;
        }
      }
      const error = desk.status?.error ?? howItEnded(state);
      events.failed({ desk, error, willRetry: this.#mayRetry(desk) });
      this.#streak = (desk.status?.step ?? 0) > active.from ? 0 : this.#streak + 1;
      if (this.#streak >= STREAK) this.#stopFor('unwell');
    }
    if (this.#mayRetry(desk)) this.#pending.unshift(active);
    else {
      this.#blocked.push(active);
      this.#fail();
    }
  }

  #mayRetry(desk: RunDesk): boolean {
    return desk.attempts <= this.#options.retries;
  }

  #fail(): void {
    this.#failures++;
    if (this.#failures >= this.#options.maxFailures) this.#stopFor('failures');
  }

  /** Looks again at runs that other processes were computing. */
  #revisit(): void {
    const free = this.#elsewhere.filter((w) => !w.desk.isBusy);
    if (free.length === 0) return;
    this.#elsewhere = this.#elsewhere.filter((w) => !free.includes(w));
    for (const work of free) {
      const verdict = work.desk.settled(work.want);
      if (verdict) this.#options.events.ended({ desk: work.desk, verdict, counts: this.#counts() });
      else this.#pending.unshift(work);
    }
  }

  /** Hands over as many runs as the launcher takes. */
  async #submit(): Promise<void> {
    const { launcher, worker, threads } = this.#options;
    const free = launcher.slots - this.#active.length;
    if (free <= 0) return;
    const chosen: (Work & { name: string; task: string; from: number })[] = [];
    const left: Work[] = [];
    for (const work of this.#pending) {
      const { desk, want } = work;
      const isTaken = chosen.length >= free || [...this.#active, ...chosen].some((other) => other.desk === desk);
      if (isTaken) left.push(work);
      else if (desk.verdict(want) !== undefined)
        continue; // another job has brought it so far
      else if (desk.isBusy) this.#elsewhere.push(work);
      else {
        const from = desk.status?.step ?? 0;
        chosen.push({ ...work, name: this.#taskName(desk), task: desk.prepare(want), from });
      }
    }
    this.#pending = left;
    if (chosen.length === 0) return;
    try {
      const handles = await launcher.submit(
        chosen.map(({ desk, name, task }) => {
          return { name, argv: [...worker, task], env: {}, log: join(desk.dir, 'log.txt'), threads };
        }),
      );
      for (const [i, work] of chosen.entries()) {
        const handle = handles[i] ?? '';
        if (launcher.outlives) work.desk.handle = `${launcher.id} ${handle}`;
        this.#active.push({ ...work, handle });
      }
    } catch (error) {
      for (const { desk } of chosen) desk.note('preempted');
      throw error;
    }
  }

  #taskName({ run }: RunDesk): string {
    return `${this.#plan.id}-${run.id}-${Date.now().toString(36)}`;
  }

  #stopFor(why: StopReason): void {
    this.#stop ??= { why, since: Date.now(), forced: false };
  }

  /** Asks what runs to save and end; insists after a while. */
  async #wind(stop: { since: number; forced: boolean; asked?: boolean }): Promise<void> {
    const handles = this.#active.map((a) => a.handle);
    if (!stop.asked) {
      stop.asked = true;
      await this.#options.launcher.stop(handles);
    } else if (!stop.forced && Date.now() - stop.since > GRACE_MS) {
      stop.forced = true;
      await this.#options.launcher.stop(handles, { force: true });
    }
  }

  #counts(): { readonly done: number; readonly total: number } {
    const open = new Set(
      [this.#pending, this.#active, this.#elsewhere, this.#blocked].flatMap((list) => list.map((w) => w.desk)),
    );
    return { done: this.#desks.size - open.size, total: this.#desks.size };
  }

  #snapshot(): Parameters<SweepEvents['progress']>[0] {
    const running = this.#active.map(({ desk }) => {
      const status = desk.status;
      return { label: desk.label, step: status?.step ?? 0, steps: desk.steps, isRunning: status?.status === 'running' };
    });
    return {
      ...this.#counts(),
      failures: this.#failures,
      elsewhere: this.#elsewhere.length,
      running,
      work: this.#work(),
    };
  }

  /** FLOPs of all runs that are known, and of what was trained. */
  #work(): { readonly total: number; readonly done: number } {
    let [total, done] = [0, 0];
    const waits = new Set(this.#pending.map((w) => w.desk));
    const runs = new Set([...this.#active, ...this.#elsewhere].map((w) => w.desk));
    for (const desk of this.#desks.values()) {
      total += desk.flops;
      if (runs.has(desk)) done += (desk.flops * (desk.status?.step ?? 0)) / desk.steps;
      else if (!waits.has(desk)) done += desk.flops;
    }
    return { total, done };
  }
}

function howItEnded({ code, signal, reason }: TaskState & { state: 'ended' }): string {
  if (reason !== undefined) return `the run's process could not go on: ${reason}`;
  if (signal !== undefined) return `the run's process was killed by ${signal}`;
  if (code !== undefined) return `the run's process ended with exit code ${code}`;
  return "the run's process is gone";
}

/** @throws SweepError if a resumed sweep would decide otherwise than it did */
function assertSame(before: JobRecord, now: JobRecord, id: string): void {
  const told = (job: JobRecord): string => JSON.stringify([job.point, job.until ?? null, job.runs.map((r) => r.run)]);
  if (told(before) === told(now)) return;
  throw new SweepError(
    `sweep ${id} would go on otherwise than it began: job ${now.job} was ${told(before)} and would be ${told(now)}; ` +
      'a function in its space depends on something that has changed. Undo that, or change the search seed for a new sweep',
  );
}

/** Why a sweep was stopped from outside, as an error to throw. */
export function cancelledBy(signal: AbortSignal | undefined, message: string): CancelledError {
  const reason = signal?.reason;
  return new CancelledError(message, reason instanceof CancelledError ? reason.exitCode : undefined);
}
