// The jobs of a sweep: what the search suggests, the runs that stand for it, and results for the search, all in the journal.
import { SweepError } from './errors.ts';
import { checkedRuns, type PlannedRun, type SweepPlan } from './plan/sweepPlan.ts';
import type { Verdict, Want } from './plan/verdict.ts';
import { type DeskContext, RunDesk } from './runDesk.ts';
import type { Outcome, Suggestion } from './search/search.ts';
import { Timeline } from './search/timeline.ts';
import type { JobRecord, JournalRecord, OutcomeRecord, SweepFolder } from './store/sweepFolder.ts';

/** A run and how far one job wants it. */
export interface Work {
  readonly desk: RunDesk;
  readonly want: Want;
  readonly job: number;
  /** What is to be done first has the smaller one. */
  readonly order: readonly [number, number];
}

/** The book of one sweep, in the hands of its driver. */
export class JobBook {
  readonly #plan: SweepPlan;
  readonly #folder: SweepFolder;
  readonly #context: DeskContext;
  readonly #timeline: Timeline;
  readonly #recorded: readonly JobRecord[];
  readonly #outcomes = new Map<number, OutcomeRecord>();
  readonly #jobs: { readonly suggestion: Suggestion; readonly desks: readonly RunDesk[] }[] = [];
  readonly #desks = new Map<string, RunDesk>();
  readonly #known = new Map<string, PlannedRun>();

  constructor(plan: SweepPlan, folder: SweepFolder, context: DeskContext) {
    this.#plan = plan;
    this.#folder = folder;
    this.#context = context;
    this.#timeline = new Timeline(plan.search, plan.work);
    this.#recorded = folder.past.filter((r): r is JobRecord => r.kind === 'job');
    for (const record of folder.past) if (record.kind === 'outcome') this.#outcomes.set(record.job, record);
  }

  /** Every run that is known so far, by its id. */
  get desks(): ReadonlyMap<string, RunDesk> {
    return this.#desks;
  }

  /**
   * Goes on as far as results allow, and journals what that gives before anything of it is started.
   * @param isOpen whether a job has a run that is not settled
   * @returns the runs that are wanted newly
   * @throws SweepError for a suggestion that cannot be run, or one that is not what it was
   */
  extend(isOpen: (job: number) => boolean): Work[] {
    const records: JournalRecord[] = [];
    const fresh = this.#timeline.advance((job) => (isOpen(job) ? undefined : this.#judge(job, records)));
    const works = fresh.flatMap((suggestion) => {
      const job = this.#jobs.length;
      const runs = checkedRuns(this.#plan, suggestion, this.#known);
      const record = recordOf(job, suggestion, runs);
      const before = this.#recorded[job];
      if (before === undefined) records.push(record);
      else assertSame(before, record, this.#plan.id);
      return this.#begin(job, suggestion, runs);
    });
    this.#folder.record(records);
    return works;
  }

  #begin(job: number, suggestion: Suggestion, runs: readonly PlannedRun[]): Work[] {
    // Where nothing depends on results, all points get their first seed first: a sweep stopped half-way has compared them.
    const isListed = this.#plan.search.parallel === Number.POSITIVE_INFINITY;
    const { until, limits } = suggestion;
    const want = { ...(until === undefined ? {} : { until }), ...(limits === undefined ? {} : { limits }) };
    const works = runs.map((run): Work => {
      const desk = this.#desks.get(run.id) ?? new RunDesk(run, this.#context);
      this.#desks.set(run.id, desk);
      this.#known.set(run.id, run);
      const seed = this.#plan.spec.seeds.indexOf(run.plan.seed);
      return { desk, want, job, order: isListed ? [seed, job] : [job, seed] };
    });
    this.#jobs.push({ suggestion, desks: works.map((w) => w.desk) });
    return works;
  }

  /** The result of a job: as recorded, or from its runs once each has one. */
  #judge(job: number, records: JournalRecord[]): Pick<Outcome, 'score' | 'curves'> | undefined {
    const known = this.#outcomes.get(job);
    if (known) return known;
    const { suggestion, desks } = this.#jobs[job] ?? {};
    const verdicts = desks?.map((desk) => desk.verdict(suggestion ?? {})) ?? [];
    if (verdicts.length === 0 || !verdicts.every((v): v is Verdict => v !== undefined)) return undefined;
    const scores = verdicts.map((v) => v.score);
    const sum = scores.reduce<number | null>((a, b) => (a === null || b === null ? null : a + b), 0);
    const outcome: OutcomeRecord = {
      kind: 'outcome',
      job,
      score: sum === null ? null : sum / scores.length,
      ...(this.#plan.search.curves ? { curves: verdicts.map((v) => v.curve) } : {}),
    };
    this.#outcomes.set(job, outcome);
    records.push(outcome);
    return outcome;
  }
}

function recordOf(job: number, suggestion: Suggestion, runs: readonly PlannedRun[]): JobRecord {
  return {
    kind: 'job',
    job,
    ...suggestion,
    runs: runs.map(({ id, plan: { seed, variant } }) => ({
      run: id,
      seed,
      ...(variant === undefined ? {} : { variant }),
    })),
  };
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
