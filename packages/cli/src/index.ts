// @looplab/cli: the looplab command as a function, for programs that wrap it.
export { runCli } from './cli.ts';
export { exitCodes } from './errors.ts';
