// Reads a command line, runs its command, and turns every ending into a message and an exit code.
import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodes, UsageError, userMessage } from './errors.ts';
import { nearest } from './nearest.ts';

const globalOptions = {
  verbose: { type: 'boolean', default: false, describe: 'print where an error came from' },
} as const;

/** Version of this package. */
function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** Options that may follow a command, by the words before its first positional. */
function knownOptions(argv: readonly string[]): string[] {
  const words = argv.filter((a) => !a.startsWith('-'));
  const match = commands.find((c) => {
    const fixed = c.words.split(' ').filter((w) => !/^[<[]/.test(w));
    return fixed.every((w, i) => words[i] === w);
  });
  return [...Object.keys(match?.options ?? {}), ...Object.keys(globalOptions), 'help', 'version'];
}

/** yargs' complaint about a command line, with the closest known flag or command where one was mistyped. */
function usageMessage(message: string, argv: readonly string[]): string {
  const unknown = message.match(/^Unknown (arguments?|commands?): (.*)$/);
  if (!unknown) return message;
  const lines = (unknown[2] ?? '')
    .split(', ')
    // yargs names a kebab-case flag twice, as typed and in camelCase
    .filter((name, _, all) => !all.some((other) => other !== name && camel(other) === name))
    .map((name) => {
      const isFlag = argv.some((a) => new RegExp(`^--?(no-)?${escape(name)}(=|\\.|$)`).test(a));
      const known = isFlag ? knownOptions(argv) : commands.map((c) => c.words.split(' ')[0] ?? '');
      const closest = nearest(name, known);
      const dash = isFlag ? (name.length === 1 ? '-' : '--') : '';
      return `unknown ${isFlag ? 'option' : 'command'} ${dash}${name}${closest ? `; did you mean ${isFlag ? '--' : ''}${closest}?` : ''}`;
    });
  return lines.join('\n');
}

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function register(parser: ReturnType<typeof yargs>, definition: Command): void {
  parser.command(
    definition.words,
    definition.describe,
    (y) => {
      for (const [name, describe] of Object.entries(definition.positionals ?? {})) {
        y.positional(name, { type: 'string', describe });
      }
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
      throw error ?? new UsageError(usageMessage(message, argv));
    });
  for (const definition of commands) register(parser, definition);
  try {
    await parser.parseAsync();
    return exitCodes.ok;
  } catch (error) {
    report(error, argv.includes('--verbose'));
    return exitCodeOf(error);
  }
}

/** Prints what went wrong: one message for what a person can act on, the stack for a defect or with --verbose. */
function report(error: unknown, verbose: boolean): void {
  const message = userMessage(error);
  if (message !== undefined) {
    process.stderr.write(`looplab: ${message}\n`);
    if (error instanceof UsageError) process.stderr.write('looplab: see looplab --help\n');
  } else {
    process.stderr.write('looplab: something went wrong that should not have; please report the lines below\n');
  }
  if (message === undefined || verbose) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
