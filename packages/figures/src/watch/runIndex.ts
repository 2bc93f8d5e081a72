// The runs below a folder as a page lists them, kept fresh by looking at what changed.
import { existsSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { readRunBy, runFolders, type StatusOf } from '../readRun.ts';
import { FiguresError, type Run, type RunState } from '../run.ts';

/** A line of the list of runs. */
export interface RunLine {
  /** Path below the watched folder, with `/`. */
  readonly id: string;
  readonly study: string;
  /** Its arm in the study, else its strategy. */
  readonly name: string;
  readonly strategy: string;
  readonly task: string;
  readonly seed: number;
  readonly state: RunState | 'unreadable';
  readonly step: number;
  readonly steps?: number;
  readonly accuracy?: number;
  readonly loss?: number;
  readonly bitsPerByte?: number;
  readonly params?: number;
  readonly seconds?: number;
  /** Why it failed or diverged, or why the folder cannot be read. */
  readonly error?: string;
  /** Of a failure: whether it would only happen again, or the machine was at fault. */
  readonly cause?: 'user' | 'infra';
}

interface Known {
  readonly stamp: string;
  readonly line: RunLine;
  readonly run?: Run;
}

/** How deep below the watched folder runs are looked for: results, study, sweep, run. */
const DEPTH = 4;

/** The runs below `root`. Reading a folder again is left out where none of its files changed. */
export class RunIndex {
  readonly root: string;
  readonly #statusOf: StatusOf;
  #known = new Map<string, Known>();

  /** @throws FiguresError where there is no such folder */
  constructor(root: string, statusOf: StatusOf = () => undefined) {
    if (!existsSync(root) || !statSync(root).isDirectory())
      throw new FiguresError(`there is no folder ${root}; run a study first, or give the folder with its runs`);
    this.root = root;
    this.#statusOf = statusOf;
  }

  /** Every run, by path. Folders that cannot be read are listed with the reason. */
  lines(): RunLine[] {
    const next = new Map<string, Known>();
    for (const dir of runFolders(this.root, DEPTH)) {
      const id = relative(this.root, dir).split(sep).join('/') || '.';
      const stamp = stampOf(dir);
      const before = this.#known.get(id);
      // A run at work may be lost without a trace in its files.
      const isSame = before?.stamp === stamp && before.line.state !== 'running';
      next.set(id, isSame ? before : { stamp, ...read(id, dir, this.#statusOf) });
    }
    this.#known = next;
    return [...next.values()].map((k) => k.line);
  }

  /** The run of a listed id; undefined for anything else, a path outside the folder too. */
  run(id: string): Run | undefined {
    return this.#known.get(id)?.run;
  }
}

function read(id: string, dir: string, statusOf: StatusOf): Pick<Known, 'line' | 'run'> {
  try {
    const run = readRunBy(dir, statusOf);
    const last = run.evals.at(-1);
    const { variant, train } = run.config as { variant?: unknown; train?: { steps?: unknown } }; // as trainRun writes it
    return {
      run,
      line: {
        id,
        study: run.study,
        name: typeof variant === 'string' && variant !== '' ? variant : run.strategy,
        strategy: run.strategy,
        task: run.task,
        seed: run.seed,
        state: run.state,
        step: Math.max(run.train.at(-1)?.step ?? 0, last?.step ?? 0),
        ...(typeof train?.steps === 'number' ? { steps: train.steps } : {}),
        ...(last && Number.isFinite(last.accuracy) ? { accuracy: last.accuracy } : {}),
        ...(last && Number.isFinite(last.loss) ? { loss: last.loss } : {}),
        ...(last?.bitsPerByte === undefined ? {} : { bitsPerByte: last.bitsPerByte }),
        ...(run.params === undefined ? {} : { params: run.params }),
        ...(run.seconds === undefined ? {} : { seconds: run.seconds }),
        ...(run.cause === undefined ? {} : { cause: run.cause }),
        ...(run.error === undefined ? {} : { error: run.error }),
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const nothing = { study: '', name: id, strategy: '', task: '', seed: 0, step: 0 };
    return { line: { id, ...nothing, state: 'unreadable', error: why } };
  }
}

/** Changes when a file that the list is made from does. */
function stampOf(dir: string): string {
  return ['config.json', 'status.json', 'metrics.jsonl', 'manifest.json']
    .map((name) => statSync(join(dir, name), { throwIfNoEntry: false }))
    .map((s) => (s ? `${s.mtimeMs}:${s.size}` : '-'))
    .join(' ');
}
