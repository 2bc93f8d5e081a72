// @looplab/sweep: one study, many runs: spaces, schedulers, launchers, resume.
export {};
