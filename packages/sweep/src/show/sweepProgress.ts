// A sweep for people: a block that redraws itself on a terminal, plain lines elsewhere; what failed is said at once.
import { clock, type ProgressOutput } from '@looplab/train';
import type { Snapshot, SweepEvents } from '../events.ts';
import type { MetricName } from '../plan/metric.ts';
import { metricOf } from '../plan/metric.ts';
import type { Verdict } from '../plan/verdict.ts';

/** Plain output repeats at most this often: every 30 s. A block: four times a second. */
const PLAIN_MS = 30_000;
const BLOCK_MS = 250;
/** So many running runs have a line of their own. */
const LINES = 12;

/** Somebody who watches a sweep, until `end`. */
export type SweepWatch = SweepEvents & { readonly end: () => void };

/** Progress of a sweep on `out`, usually `process.stderr`. Times are injected so that tests need no clock. */
export function sweepProgress(out: ProgressOutput, metric: MetricName, now: () => number = Date.now): SweepWatch {
  const isLive = out.isTTY === true;
  const begun = now();
  let first: Snapshot | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = 0;
  const clear = (): void => {
    if (drawn > 0) out.write(`\u001b[${drawn}A\r\u001b[J`);
    drawn = 0;
  };
  const line = (text: string): void => {
    clear();
    out.write(`${text}\n`);
    if (isLive) last = Number.NEGATIVE_INFINITY;
  };
  const left = (snapshot: Snapshot): string => {
    const seconds = secondsLeft(first ?? snapshot, snapshot, (now() - begun) / 1000);
    return seconds === undefined ? '' : `  ${clock(seconds)} left`;
  };
  return {
    begin: (snapshot) => {
      first = snapshot;
      const { done, total } = snapshot;
      line(`${total} runs${done > 0 ? `, ${done} done before` : ''}`);
    },
    ended: ({ desk, verdict, counts, error }) => {
      const { status, score } = verdict;
      const value = score === null ? '' : ` ${metric} ${metricOf(score, metric).toPrecision(4)}`;
      line(`[${counts.done}/${counts.total}] ${desk.label}: ${status}${whyOf(verdict, error) ?? value}`);
    },
    failed: (what) => line(startText(what)),
    progress: (snapshot) => {
      if (now() - last < (isLive ? BLOCK_MS : PLAIN_MS)) return;
      if (!isLive && last === Number.NEGATIVE_INFINITY) {
        last = now(); // the first line says the same already
        return;
      }
      last = now();
      if (!isLive) {
        out.write(`${counted(snapshot)}${left(snapshot)}\n`);
        return;
      }
      const columns = out.columns ?? 80;
      const lines = [`${counted(snapshot)}${left(snapshot)}`, ...runLines(snapshot, columns)];
      clear();
      out.write(lines.map((text) => `${text.slice(0, columns - 1)}\n`).join(''));
      drawn = lines.length;
    },
    end: clear,
  };
}

/** Only what fails, a line each: for a sweep whose progress nobody asked for. */
export function sweepFailures(out: ProgressOutput): SweepWatch {
  return {
    begin: () => {},
    ended: ({ desk, verdict, error }) => {
      const why = whyOf(verdict, error);
      if (why !== undefined) out.write(`${desk.label}: ${verdict.status}${why}\n`);
    },
    failed: (what) => void out.write(`${startText(what)}\n`),
    progress: () => {},
    end: () => {},
  };
}

/** Why a run that is over has no result; undefined if it has one. */
function whyOf({ status }: Verdict, error: string | undefined): string | undefined {
  return status === 'failed' || status === 'diverged' ? `: ${error ?? 'see its log.txt'}` : undefined;
}

/** How a start of a run failed, and whether there will be another. */
function startText({ desk, error, willRetry }: Parameters<SweepEvents['failed']>[0]): string {
  return `${desk.label}: ${error}${willRetry ? '; starting it again' : '; giving it up for now'}`;
}

/** `12/48 done, 2 running, 1 failed` */
function counted({ done, total, running, failures, elsewhere }: Snapshot): string {
  const parts = [`${done}/${total} done`];
  const isRunning = running.filter((r) => r.isRunning).length;
  if (isRunning > 0) parts.push(`${isRunning} running`);
  if (running.length > isRunning) parts.push(`${running.length - isRunning} waiting or starting`);
  if (elsewhere > 0) parts.push(`${elsewhere} computed by another process`);
  if (failures > 0) parts.push(`${failures} failed`);
  return parts.join(', ');
}

function runLines({ running }: Snapshot, columns: number): string[] {
  const shown = running.slice(0, LINES);
  const widest = Math.max(0, ...shown.map((r) => r.label.length));
  const lines = shown.map(({ label, step, steps }) => {
    const count = `${step}/${steps}`;
    const width = Math.max(0, Math.min(30, columns - widest - count.length - 6));
    const done = Math.round((width * step) / Math.max(1, steps));
    return `  ${label.padEnd(widest)} ${'━'.repeat(done)}${'─'.repeat(width - done)} ${count}`;
  });
  return running.length > LINES ? [...lines, `  and ${running.length - LINES} more`] : lines;
}

/**
 * Seconds until all work is done at the pace since the start.
 * @returns undefined before there is a pace
 */
export function secondsLeft(first: Snapshot, now: Snapshot, elapsed: number): number | undefined {
  const done = now.work.done - first.work.done;
  return done > 0 && elapsed > 0 ? ((now.work.total - now.work.done) * elapsed) / done : undefined;
}
