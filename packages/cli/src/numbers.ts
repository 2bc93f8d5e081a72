// Number options that refuse what is not such a number, naming the flag.
import { UsageError } from './errors.ts';

/** A yargs option for a whole number of at least `least`, with a default. */
export function wholeNumber(flag: string, describe: string, fallback: number, least = 1) {
  return { describe, default: fallback, coerce: (given: unknown): number => parse(flag, given, least) };
}

/** The same without a default. */
export function optionalWholeNumber(flag: string, describe: string, least = 1) {
  return {
    describe,
    requiresArg: true,
    coerce: (given: unknown): number | undefined => (given === undefined ? undefined : parse(flag, given, least)),
  };
}

/** yargs hands over the text as typed, the default, or a list where the flag was given twice. */
function parse(flag: string, given: unknown, least: number): number {
  if (Array.isArray(given)) throw new UsageError(`--${flag} was given more than once`);
  const number = typeof given === 'string' && given.trim() === '' ? Number.NaN : Number(given);
  if (!Number.isSafeInteger(number) || number < least) {
    throw new UsageError(`--${flag} must be a whole number >= ${least} (got ${given})`);
  }
  return number;
}
