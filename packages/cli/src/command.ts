// What a command of the line is: its words, its options and what it does.
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';

/** One command; `run` imports what it needs when it runs, so that `--help` stays quick. */
export interface Command<O extends Readonly<Record<string, Options>> = Readonly<Record<string, Options>>> {
  /** Words and positionals as yargs writes them: `run <study>`. */
  readonly words: string;
  readonly describe: string;
  /** Explanation of each positional of `words`. */
  readonly positionals?: Readonly<Record<string, PositionalOptions>>;
  readonly options: O;
  readonly examples?: readonly (readonly [line: string, what: string])[];
  /** Commands under this one: `sweep retry <id>`; each takes the place of the command's own positionals. */
  readonly subcommands?: readonly Command[];
  /** Does the work. Printing to stdout is its result; progress goes to stderr. */
  run(args: InferredOptionTypes<O> & Readonly<Record<string, unknown>>): Promise<void>;
}

/** Lets TypeScript infer the types of a command's options. */
export function command<const O extends Readonly<Record<string, Options>>>(definition: Command<O>): Command {
  // run's argument is narrower than what a list of commands promises; yargs has checked it against `options` by then
  return definition as unknown as Command;
}
