// Drives a sweep to its end: asks the search what to run, hands runs to a launcher, and reads from their folders what came of them.
import { join } from 'node:path';
import { CancelledError } from '@looplab/train';
import type { Counts, Snapshot, SweepEvents } from './events.ts';
import { JobBook, type Work } from './jobBook.ts';
import type { Launcher, TaskState } from './launch/launcher.ts';
import type { SweepPlan } from './plan/sweepPlan.ts';
import { type DeskContext, isSilent, type RunDesk } from './runDesk.ts';
import { exits } from './runTask.ts';
import type { SweepFolder } from './store/sweepFolder.ts';

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

interface Active extends Work {
  readonly handle: string;
  /** Step at which it was started. */
  readonly from: number;
}

/** Why a run that a person gave up ended. */
const BY_HAND = { error: 'given up by hand' };

/** So many starts in a row without a step forward mean that something is wrong with the machine, not with the runs. */
const STREAK = 10;

/** So long runs may take to finish a step, save and end when the sweep is stopped. */
const GRACE_MS = 600_000;

/** One process's drive of one sweep. */
export class Driver {
  readonly #id: string;
  readonly #folder: SweepFolder;
  readonly #options: DriveOptions;
  readonly #book: JobBook;
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

  constructor(plan: SweepPlan, folder: SweepFolder, context: DeskContext, options: DriveOptions) {
    this.#id = plan.id;
    this.#folder = folder;
    this.#options = options;
    this.#book = new JobBook(plan, folder, context);
    this.#extend();
    for (const record of folder.past) if (record.kind === 'prune') this.#prune([record.run], false);
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

  /** Takes up what the search wants next. */
  #extend(): void {
    const { only } = this.#options;
    if (only && this.#book.desks.size > 0) return;
    const open = [this.#pending, this.#active, this.#elsewhere, this.#blocked];
    const works = this.#book.extend((job) => open.some((list) => list.some((w) => w.job === job)));
    const wanted = works.filter(
      ({ desk, want }) => (only?.has(desk.run.id) ?? true) && desk.settled(want) === undefined,
    );
    if (wanted.length === 0) return;
    this.#pending.push(...wanted);
    this.#pending.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1]);
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
      this.#active.push({ ...work, handle, from: work.desk.status?.step ?? 0 });
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
      const desk = this.#book.desks.get(id);
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
      else if (desk.isBusy) this.#elsewhere.push(work);
      // unless another job has brought it so far
      else if (desk.settled(want) === undefined) {
        const from = desk.status?.step ?? 0;
        chosen.push({ ...work, name: this.#taskName(desk), task: desk.prepare(want), from });
      }
    }
    this.#pending = left;
    if (chosen.length === 0) return;
    try {
      const handles = await launcher.submit(
        chosen.map(({ desk, name, task }) => {
          return { name, argv: [...worker, task], log: join(desk.dir, 'log.txt'), threads };
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
    return `${this.#id}-${run.id}-${Date.now().toString(36)}`;
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

  #counts(): Counts {
    const lists = [this.#pending, this.#active, this.#elsewhere, this.#blocked];
    const open = new Set(lists.flatMap((list) => list.map((w) => w.desk)));
    return { done: this.#book.desks.size - open.size, total: this.#book.desks.size };
  }

  #snapshot(): Snapshot {
    const atWork = [...this.#active, ...this.#elsewhere].map(({ desk }) => ({ desk, progress: desk.progress }));
    const waiting = this.#pending.map(({ desk }) => desk);
    return {
      ...this.#counts(),
      failures: this.#failures,
      elsewhere: this.#elsewhere.length,
      running: atWork.slice(0, this.#active.length).map(({ progress }) => progress),
      work: workOf([...this.#book.desks.values()], { waiting, atWork }),
    };
  }
}

/** Counted FLOPs of runs, and of what was trained of them. */
function workOf(
  desks: readonly RunDesk[],
  on: {
    readonly waiting: readonly RunDesk[];
    readonly atWork: readonly { readonly desk: RunDesk; readonly progress: { readonly step: number } }[];
  },
): Snapshot['work'] {
  const waits = new Set(on.waiting);
  const steps = new Map(on.atWork.map(({ desk, progress }) => [desk, progress.step]));
  const doneOf = (desk: RunDesk): number => {
    const step = steps.get(desk);
    if (step !== undefined) return (desk.flops * step) / desk.steps;
    return waits.has(desk) ? 0 : desk.flops;
  };
  return {
    total: desks.reduce((sum, desk) => sum + desk.flops, 0),
    done: desks.reduce((sum, desk) => sum + doneOf(desk), 0),
  };
}

function howItEnded({ code, signal, reason }: TaskState & { state: 'ended' }): string {
  if (reason !== undefined) return `the run's process could not go on: ${reason}`;
  if (signal !== undefined) return `the run's process was killed by ${signal}`;
  if (code !== undefined) return `the run's process ended with exit code ${code}`;
  return "the run's process is gone";
}

/** Why a sweep was stopped from outside, as an error to throw. */
export function cancelledBy(signal: AbortSignal | undefined, message: string): CancelledError {
  const reason = signal?.reason;
  return new CancelledError(message, reason instanceof CancelledError ? reason.exitCode : undefined);
}
