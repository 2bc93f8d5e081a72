// Number options that refuse what is not such a number, naming the flag.
import { UsageError } from './errors.ts';

/** The highest port there is. */
export const LAST_PORT = 65_535;

/** A yargs option for a whole number of at least `least`, and of `most` at most, with a default. */
export function wholeNumber(flag: string, describe: string, fallback: number, least = 1, most?: number) {
  return { describe, default: fallback, coerce: (given: unknown): number => whole(flag, given, least, most) };
}

/** The same without a default. */
export function optionalWholeNumber(flag: string, describe: string, least = 1) {
  return {
    describe,
    requiresArg: true,
    coerce: (given: unknown): number | undefined => (given === undefined ? undefined : whole(flag, given, least)),
  };
}

/**
 * What was typed, as a number that need not be whole.
 * @throws UsageError unless it is one of at least `least`
 */
export function parseNumber(flag: string, given: unknown, least: number): number {
  return parse(flag, given, `a number >= ${least}`, (n) => Number.isFinite(n) && n >= least);
}

function whole(flag: string, given: unknown, least: number, most?: number): number {
  const range = most === undefined ? `>= ${least}` : `from ${least} to ${most}`;
  const fits = (n: number): boolean => Number.isSafeInteger(n) && n >= least && n <= (most ?? n);
  return parse(flag, given, `a whole number ${range}`, fits);
}

/** yargs hands over the text as typed, the default, or a list where the flag was given twice. */
function parse(flag: string, given: unknown, wanted: string, fits: (n: number) => boolean): number {
  if (Array.isArray(given)) throw new UsageError(`--${flag} was given more than once`);
  const number = typeof given === 'string' && given.trim() === '' ? Number.NaN : Number(given);
  if (!fits(number)) throw new UsageError(`--${flag} must be ${wanted} (got ${given})`);
  return number;
}
