// Every command of the line, in the order of the help.
import type { Command } from './command.ts';
import { strategies } from './commands/strategies.ts';

export const commands: readonly Command[] = [strategies];
