// `looplab mlflow sync` and `looplab mlflow ui`: run folders shown at an MLflow server.
import { command } from '../command.ts';
import { LAST_PORT, wholeNumber } from '../numbers.ts';

export const mlflow = command({
  words: 'mlflow <what> [runs..]',
  describe: 'show runs in MLflow: send what a server does not have yet, or start one here with all runs in it',
  positionals: {
    what: {
      choices: ['sync', 'ui'],
      demandOption: true,
      describe: 'sync: to the server of MLFLOW_TRACKING_URI; ui: to a server of its own, kept up to date until Ctrl-C',
    },
    runs: {
      type: 'string',
      array: true,
      describe: 'run ids, run folders or folders with runs; all of --results if none',
    },
  },
  options: {
    results: { type: 'string', default: 'results', requiresArg: true, describe: 'folder with the runs' },
    uri: { type: 'string', requiresArg: true, describe: 'sync: address of the server instead of MLFLOW_TRACKING_URI' },
    port: wholeNumber('port', 'ui: port of this machine to serve on', 5000, 1, LAST_PORT),
    json: { type: 'boolean', default: false, describe: 'sync: print what became of each run as one JSON line' },
  },
  examples: [
    ['mlflow ui', 'look at all runs at http://127.0.0.1:5000'],
    ['mlflow sync --uri http://tracking:5000', 'send what a shared server does not have'],
    ['mlflow sync results/mano', 'send the runs of one study'],
  ],
  async run(args) {
    const { serveRuns, syncToServer } = await import('../mlflowRuns.ts');
    const named = Array.isArray(args.runs) ? args.runs.map(String) : [];
    const where = { runs: named, results: args.results };
    if (args.what === 'ui') await serveRuns({ ...where, port: args.port });
    else await syncToServer({ ...where, uri: args.uri, json: args.json });
  },
});
