// `looplab setup PART`: installs an optional part of LoopLab.
import { command } from '../command.ts';

export const setup = command({
  words: 'setup <part>',
  describe: 'install an optional part',
  positionals: {
    part: { choices: ['tensorflow'], demandOption: true, describe: 'tensorflow: the eager device on libtensorflow' },
  },
  options: {
    gpu: { type: 'boolean', default: false, describe: 'use a TensorFlow with CUDA' },
    force: { type: 'boolean', default: false, describe: 'set up again although a working set-up is there' },
  },
  async run(args) {
    const { setupTensorflow } = await import('@looplab/engine');
    const installed = await setupTensorflow({
      gpu: args.gpu,
      force: args.force,
      log: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(
      `TensorFlow ${installed.tensorflow} (${installed.variant}) is ready; use it with --device tensorflow\n`,
    );
  },
});
