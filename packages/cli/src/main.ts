#!/usr/bin/env node
// The `looplab` command.
import { endAtSignals } from './interrupts.ts';

endAtSignals(); // before anything that takes its time to load
const { runCli } = await import('./cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
