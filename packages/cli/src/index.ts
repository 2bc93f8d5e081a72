// @looplab/cli: the looplab command as a function, and the types that study files use.
export type { Claim, ClaimOf } from './claim.ts';
export { runCli } from './cli.ts';
export { exitCodes } from './errors.ts';
