// Every command of the line, in the order of the help.
import type { Command } from './command.ts';
import { analyze } from './commands/analyze.ts';
import { bench } from './commands/bench.ts';
import { doctor } from './commands/doctor.ts';
import { figures } from './commands/figures.ts';
import { mlflow } from './commands/mlflow.ts';
import { quickstart } from './commands/quickstart.ts';
import { report } from './commands/report.ts';
import { run } from './commands/run.ts';
import { runs } from './commands/runs.ts';
import { setup } from './commands/setup.ts';
import { strategies } from './commands/strategies.ts';
import { sweep } from './commands/sweep.ts';
import { watch } from './commands/watch.ts';

export const commands: readonly Command[] = [
  quickstart,
  run,
  sweep,
  runs,
  analyze,
  report,
  figures,
  watch,
  mlflow,
  bench,
  strategies,
  doctor,
  setup,
];
