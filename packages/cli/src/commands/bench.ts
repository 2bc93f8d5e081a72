// `looplab bench`: how fast the real model code is here, a whole training step or decoding with tokens that leave early.
import { columns } from '../columns.ts';
import { command } from '../command.ts';
import { deviceOf, deviceOptions } from '../device.ts';
import { optionalWholeNumber, wholeNumber } from '../numbers.ts';

export const bench = command({
  words: 'bench <what>',
  describe: 'time the training step, or decoding with early exit',
  positionals: {
    what: {
      choices: ['step', 'decode'],
      demandOption: true,
      describe:
        'step: forward, loss, backward, clipping, AdamW; decode: tokens that leave early against full depth, in turns',
    },
  },
  options: {
    d: wholeNumber('d', 'width of the residual stream', 128),
    heads: wholeNumber('heads', 'attention heads', 4),
    layers: wholeNumber('layers', 'layers in a loop', 2),
    loops: wholeNumber('loops', 'loops', 4),
    ff: wholeNumber('ff', 'inner width of the SwiGLU layer', 352),
    vocab: wholeNumber('vocab', 'number of token ids', 64, 2),
    seq: optionalWholeNumber('seq', 'tokens in a row (step: 64), in a prompt (decode: 16)'),
    batch: optionalWholeNumber('batch', 'rows (step: 32; decode: 1, then 16)'),
    kv: { type: 'string', default: 'perLoop', describe: 'KV policy by id (decode)' },
    steps: wholeNumber('steps', 'timed steps or rounds, after the warm-up', 10),
    remat: {
      type: 'boolean',
      default: false,
      describe: 'recompute loops in the backward pass instead of storing them (step)',
    },
    ...deviceOptions,
    json: { type: 'boolean', default: false, describe: 'print one JSON line' },
  },
  examples: [
    ['bench step --d 128 --layers 2 --loops 4 --threads 2 --json', 'one JSON line of times'],
    ['bench decode --d 512 --heads 8 --ff 1408 --threads 1', 'what early exit saves, one row and sixteen'],
  ],
  async run(args) {
    const { seq, batch, ...rest } = args;
    const device = deviceOf(args);
    if (args.what === 'decode') {
      const { benchDecode } = await import('../benchDecode.ts');
      const results = [];
      for (const rows of batch === undefined ? [1, 16] : [batch])
        results.push(await benchDecode({ ...rest, seq: seq ?? 16, batch: rows, device }));
      if (args.json) return print(results);
      const lines = results.flatMap((r) => [
        [`${r.batch}`, 'all', `${args.loops}`, round(r.fullMs), '1', ''],
        ...r.cases.map((c) => [
          `${r.batch}`,
          `${c.depth}`,
          c.meanDepth.toFixed(2),
          round(c.medianMs),
          c.share.toFixed(3),
          c.bound.toFixed(3),
        ]),
      ]);
      process.stdout.write(
        columns(['rows', 'loops', 'mean', 'ms a token', 'share', 'at most'], lines, [0, 2, 3, 4, 5]),
      );
      return;
    }
    const { benchStep } = await import('../benchStep.ts');
    const result = await benchStep({ ...rest, seq: seq ?? 64, batch: batch ?? 32, device });
    if (args.json) return print(result);
    const rows = Object.entries(result).map(([name, value]) => [name, typeof value === 'number' ? round(value) : '-']);
    process.stdout.write(columns(['', 'value'], rows, [1]));
  },
});

function print(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Four significant digits, or all of them before the point. */
function round(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}
