// `looplab watch`: a page about runs while they train.
import { command } from '../command.ts';
import { LAST_PORT, wholeNumber } from '../numbers.ts';

export const watch = command({
  words: 'watch [results]',
  describe: 'serve a read-only page with live curves, comparison and figures of runs, on this machine only',
  positionals: {
    results: { type: 'string', default: 'results', describe: 'folder with runs, studies or sweeps' },
  },
  options: {
    port: wholeNumber('port', 'port to listen on; 0 takes any free one', 0, 0, LAST_PORT),
    host: {
      type: 'string',
      default: '127.0.0.1',
      requiresArg: true,
      describe: 'address to listen on; anything but 127.0.0.1 lets others who have the address look, too',
    },
  },
  examples: [['watch', 'print the address of a page about results/']],
  async run(args) {
    const { watch: serve } = await import('@looplab/figures');
    const { currentStatus } = await import('@looplab/train');
    const { port, host } = args;
    const page = await serve({ root: String(args.results), port, host, statusOf: currentStatus });
    process.stdout.write(`${page.url}\n`);
    process.stderr.write('Open that address in a browser; Ctrl-C ends it.\n');
    await new Promise((stop) => process.once('SIGINT', stop).once('SIGTERM', stop));
    await page.close();
  },
});
