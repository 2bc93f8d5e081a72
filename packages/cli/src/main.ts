#!/usr/bin/env node
// The `looplab` command.
import { runCli } from './cli.ts';
import { endAtSignals } from './interrupts.ts';

endAtSignals();
process.exitCode = await runCli(process.argv.slice(2));
