// Reads a command line, runs its command, and turns every ending into a message and an exit code.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import yargs from 'yargs';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodes, UsageError, userMessage } from './errors.ts';

const globalOptions = {
  verbose: { type: 'boolean', default: false, describe: 'print where an error came from' },
} as const;

/** Version of this package. */
function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

const firstWord = ({ words }: Command): string => words.split(' ')[0] ?? '';

/** The command that a line starts with, and the one under it that follows. */
function commandOf(argv: readonly string[]): { match: Command | undefined; sub: Command | undefined } {
  const match = commands.find((c) => firstWord(c) === argv.find((a) => !a.startsWith('-')));
  const next = match && argv[argv.indexOf(firstWord(match)) + 1];
  return { match, sub: match?.subcommands?.find((c) => firstWord(c) === next) };
}

/** Options that may follow the command a line starts with. */
function knownOptions(argv: readonly string[]): string[] {
  const { match, sub } = commandOf(argv);
  return [...Object.keys((sub ?? match)?.options ?? {}), ...Object.keys(globalOptions), 'help', 'version'];
}

/** yargs' complaint about a command line, with the closest known flag or command where one was mistyped. */
async function usageMessage(message: string, argv: readonly string[]): Promise<string> {
  const unknown = message.match(/^Unknown (arguments?|commands?): (.*)$/);
  if (!unknown) return message;
  // loaded only now: a good command line need not wait for it
  const { nearest } = await import('@looplab/core');
  const lines = (unknown[2] ?? '')
    .split(', ')
    // yargs names a kebab-case flag twice, as typed and in camelCase
    .filter((name, _, all) => !all.some((other) => other !== name && camel(other) === name))
    .map((name) => {
      const isFlag = argv.some((a) => new RegExp(`^--?(no-)?${escaped(name)}(=|\\.|$)`).test(a));
      const known = isFlag ? knownOptions(argv) : (commandOf(argv).match?.subcommands ?? commands).map(firstWord);
      const closest = nearest(name, known);
      const dash = isFlag ? (name.length === 1 ? '-' : '--') : '';
      return `unknown ${isFlag ? 'option' : 'command'} ${dash}${name}${closest ? `; did you mean ${isFlag ? '--' : ''}${closest}?` : ''}`;
    });
  return lines.join('\n');
}

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function register(parser: ReturnType<typeof yargs>, definition: Command, sub?: Command): void {
  const { subcommands = [] } = definition;
  if (sub !== undefined) {
    // yargs would ask for the outer command's positionals too
    parser.command(firstWord(definition), definition.describe, (y) => {
      for (const each of subcommands) register(y, each);
      return y;
    });
    return;
  }
  parser.command(
    definition.words,
    definition.describe,
    (y) => {
      for (const each of subcommands) register(y, each);
      for (const [name, options] of Object.entries(definition.positionals ?? {})) y.positional(name, options);
      y.options(definition.options);
      for (const [line, what] of definition.examples ?? []) y.example(`looplab ${line}`, what);
      return y;
    },
    (args) => definition.run(args as never),
  );
}

/**
 * Runs one command line and returns the exit code (0 ok, 1 unexpected, 2 usage or bad input, 130 interrupted).
 * @param argv the words after `looplab`
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const parser = yargs([...argv])
    .scriptName('looplab')
    .usage('$0 <command>: train, probe and compare looped language models')
    .parserConfiguration({ 'dot-notation': false })
    .options(globalOptions)
    .demandCommand(1, 'a command is needed')
    .strict()
    .version(version())
    .help()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  const { match, sub } = commandOf(argv);
  for (const definition of commands) register(parser, definition, definition === match ? sub : undefined);
  try {
    await parser.parseAsync();
    return exitCodes.ok;
  } catch (error) {
    await report(error, argv);
    return exitCodeOf(error);
  }
}

/** Prints what went wrong: one message for what a person can act on, the stack for a defect or with --verbose. */
async function report(error: unknown, argv: readonly string[]): Promise<void> {
  const message = userMessage(error);
  const lines: string[] = [];
  if (error instanceof UsageError) lines.push(await usageMessage(error.message, argv), 'see looplab --help');
  else lines.push(message ?? 'something went wrong that should not have; please report the lines below');
  process.stderr.write(`${lines.join('\n').replace(/^/gm, 'looplab: ')}\n`);
  if (message === undefined || argv.includes('--verbose')) {
    process.stderr.write(`${inspect(error)}\n`);
  }
}
