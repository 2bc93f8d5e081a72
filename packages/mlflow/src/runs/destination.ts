// Where runs go at a server: the experiment, and the run of the sweep they belong to.
import { dirname } from 'node:path';
import { MlflowSettingsError } from '../errors.ts';
import type { MlflowClient, Run } from '../rest/client.ts';
import { findOrMakeRun } from './serverRun.ts';
import { projectSweep, type SweepFacts, sweepsBeside } from './sweepFolder.ts';

/** Where runs go, if not to an experiment named as their study. */
export interface ExperimentChoice {
  /** MLFLOW_EXPERIMENT_NAME: made if there is none. */
  readonly name?: string;
  /** MLFLOW_EXPERIMENT_ID: has to be there. */
  readonly id?: string;
}

/** Reads MLFLOW_EXPERIMENT_ID and MLFLOW_EXPERIMENT_NAME; the first one counts. */
export function experimentFromEnvironment(env: Readonly<Record<string, string | undefined>>): ExperimentChoice {
  const { MLFLOW_EXPERIMENT_ID: id, MLFLOW_EXPERIMENT_NAME: name } = env;
  return id ? { id } : name ? { name } : {};
}

/** A server with the experiments and sweeps that were found or made there. */
export class Destination {
  readonly client: MlflowClient;
  readonly #choice: ExperimentChoice;
  readonly #experiments = new Map<string, string>();
  readonly #sweepsIn = new Map<string, readonly SweepFacts[]>();
  readonly #sweepRuns = new Map<string, { sweep: SweepFacts; run: Run }>();

  constructor(client: MlflowClient, choice: ExperimentChoice = {}) {
    this.client = client;
    this.#choice = choice;
  }

  /**
   * The id of the experiment for runs of `study`.
   * @throws MlflowSettingsError if MLFLOW_EXPERIMENT_ID names none, or the experiment was deleted
   */
  async experimentFor(study: string): Promise<string> {
    const { id, name = study } = this.#choice;
    const known = this.#experiments.get(id ?? name);
    if (known !== undefined) return known;
    const found = id === undefined ? await this.client.ensureExperiment(name) : await this.#existing(id);
    this.#experiments.set(id ?? name, found);
    return found;
  }

  /** The server's run for the sweep that the run in `dir` belongs to; the oldest sweep, if to several. */
  async sweepRunFor(dir: string, runId: string, experimentId: string): Promise<string | undefined> {
    const sweeps = this.#sweepsIn.get(dirname(dir)) ?? sweepsBeside(dir);
    this.#sweepsIn.set(dirname(dir), sweeps);
    const sweep = sweeps.find(({ runs }) => runs.has(runId));
    if (sweep === undefined) return undefined;
    const known = this.#sweepRuns.get(sweep.dir);
    if (known) return known.run.id;
    const wanted = projectSweep(sweep);
    const { run } = await findOrMakeRun(this.client, experimentId, wanted);
    const isWhole = Object.entries(wanted.params).every(([key, value]) => run.params[key] === value);
    if (!isWhole) await this.client.logBatch(run.id, { params: wanted.params });
    this.#sweepRuns.set(sweep.dir, { sweep, run });
    return run.id;
  }

  /** Says of the sweeps met so far whether they are over; called when their runs have been sent. */
  async settleSweeps(): Promise<void> {
    for (const [dir, { sweep, run }] of this.#sweepRuns) {
      const { status, endTime } = projectSweep(sweep);
      const isSame = run.status === status && (endTime === undefined || run.endTime === endTime);
      if (isSame) continue;
      await this.client.updateRun(run.id, { status, ...(endTime === undefined ? {} : { endTime }) });
      this.#sweepRuns.set(dir, { sweep, run: { ...run, status, endTime } });
    }
  }

  async #existing(id: string): Promise<string> {
    const experiment = await this.client.experimentById(id);
    if (experiment && !experiment.isDeleted) return id;
    const names: string[] = [];
    for await (const e of this.client.searchExperiments()) names.push(`${e.id} (${e.name})`);
    const listed = names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
    throw new MlflowSettingsError(
      `there is no experiment ${id} at ${this.client.uri}; set MLFLOW_EXPERIMENT_ID to one of ${listed}, or unset it`,
    );
  }
}
