// `looplab bench step`: how fast a whole training step of the real model code is here.
import { columns } from '../columns.ts';
import { command } from '../command.ts';
import { deviceOf, deviceOptions } from '../device.ts';
import { wholeNumber } from '../numbers.ts';

export const bench = command({
  words: 'bench <what>',
  describe: 'time the training step',
  positionals: {
    what: { choices: ['step'], demandOption: true, describe: 'step: forward, loss, backward, clipping, AdamW' },
  },
  options: {
    d: wholeNumber('d', 'width of the residual stream', 128),
    heads: wholeNumber('heads', 'attention heads', 4),
    layers: wholeNumber('layers', 'layers in a loop', 2),
    loops: wholeNumber('loops', 'loops', 4),
    ff: wholeNumber('ff', 'inner width of the SwiGLU layer', 352),
    vocab: wholeNumber('vocab', 'number of token ids', 64, 2),
    seq: wholeNumber('seq', 'tokens in a row', 64),
    batch: wholeNumber('batch', 'rows', 32),
    steps: wholeNumber('steps', 'timed steps, after the warm-up', 10),
    remat: {
      type: 'boolean',
      default: false,
      describe: 'recompute loops in the backward pass instead of storing them',
    },
    ...deviceOptions,
    json: { type: 'boolean', default: false, describe: 'print one JSON line' },
  },
  examples: [['bench step --d 128 --layers 2 --loops 4 --threads 2 --json', 'one JSON line of times']],
  async run(args) {
    const { benchStep } = await import('../benchStep.ts');
    const result = await benchStep({ ...args, device: deviceOf(args) });
    if (args.json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    const rows = Object.entries(result).map(([name, value]) => [name, typeof value === 'number' ? round(value) : '-']);
    process.stdout.write(columns(['', 'value'], rows, [1]));
  },
});

/** Four significant digits, or all of them before the point. */
function round(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}
