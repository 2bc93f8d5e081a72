// What a sweep came to, in the sentences under its title: the best configuration, its lead, and how much the seeds say about it.
import { capital } from '../metric.ts';
import type { Estimate } from '../statistics.ts';
import { ranked, separation } from './judge.ts';
import { enumeration, plural } from './methods.ts';
import type { Configuration, Sweep } from './sweep.ts';

/** Configurations that are named as equals of the best. */
const NAMED = 3;

export function verdictOf(sweep: Sweep): string {
  const { metric, configurations } = sweep;
  const done = ranked(sweep);
  const [best, next] = done;
  if (!best) return `No run has finished yet; ${plural(configurations.length, 'configuration')} so far.`;
  const { result } = best;
  const interval = Number.isFinite(result.lo) ? ` (${metric.write(result.lo)} to ${metric.write(result.hi)})` : '';
  const found = `${capital(metric.title)} of ${metric.write(result.mean)}${interval}, ${plural(result.n, 'seed')}`;
  if (!next) return `${found}.`;
  const { lead, paired, overlap } = separation(best, next, metric);
  const ahead = `${metric.writeGap(lead)} ahead of ${next.name}`;
  const sure = Number.isFinite(paired.lo)
    ? ` (over ${plural(paired.n, 'common seed')}: ${signed(paired.lo, metric.writeGap)} to ${signed(paired.hi, metric.writeGap)})`
    : '';
  return [`Best: ${best.name}. ${found}; ${ahead}${sure}.`, certainty(sweep, done, overlap, paired), picked(done)]
    .filter((s) => s !== '')
    .join(' ');
}

/** Whether the seeds tell the best from the others. */
function certainty(
  { metric }: Sweep,
  done: readonly Configuration[],
  overlap: boolean | undefined,
  paired: Estimate,
): string {
  const [best, ...others] = done;
  if (!best) return '';
  if (overlap === undefined) return 'With one seed a configuration, nothing is known about the spread between seeds.';
  const equals = others.filter((c) => separation(best, c, metric).overlap === true);
  if (equals.length === 0) return 'Its interval overlaps no other.';
  const names =
    equals.length <= NAMED ? enumeration(equals.map((c) => c.name)) : `${equals.length} of the ${others.length} others`;
  const isAhead = paired.n >= 3 && paired.lo > 0;
  const so = isAhead ? 'seed by seed it is still ahead of the next' : 'these seeds do not tell them apart';
  return `Its interval overlaps ${equals.length === 1 ? 'that' : 'those'} of ${names}: ${so}.`;
}

/** The best of many is flattered by the luck that made it the best. */
function picked(done: readonly Configuration[]): string {
  return done.length < 4
    ? ''
    : `It was picked as the best of ${done.length} by these very numbers, which flatters it: train it with new seeds before quoting it.`;
}

function signed(value: number, write: (v: number) => string): string {
  return `${value < 0 ? '−' : ''}${write(value)}`;
}
