// Times LoopLab's training step and a peer's in turn, A B A B, and prints medians and ratios as a Markdown table.
//
//   node bench/compare.mjs --peer torch --d 64,128,512 --rounds 5 [--clip] [--compile] [--threads 2] [--batch 32] ...
//
// Needs the peer's Python: tools/setup-torch.sh for torch; for jax a virtual environment .cache/venv-jax with
// `pip install jax==0.10.2`; or --python PATH. Leave the machine alone meanwhile.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const number = (value) => ({ type: 'string', default: String(value) });
const { values: given } = parseArgs({
  options: {
    peer: { type: 'string', default: 'torch' },
    python: { type: 'string' },
    /** Widths, by comma. Heads are 32 wide and the inner width is 8/3 of it, rounded up to 32, unless given. */
    d: number(128),
    heads: { type: 'string' },
    ff: { type: 'string' },
    layers: number(2),
    loops: number(4),
    vocab: number(64),
    seq: number(64),
    batch: number(32),
    steps: number(10),
    threads: number(2),
    rounds: number(5),
    /** The peer clips gradients too, as LoopLab always does. */
    clip: { type: 'boolean', default: false },
    compile: { type: 'boolean', default: false },
  },
});

const scripts = { torch: 'torch_step.py', jax: 'jax_step.py' };
if (!Object.hasOwn(scripts, given.peer))
  fail(`--peer must be one of ${Object.keys(scripts).join(', ')} (got ${given.peer})`);
const python = given.python ?? join(root, '.cache', `venv-${given.peer}`, 'bin', 'python');
if (!existsSync(python))
  fail(`no ${python}; set the peer up as the head of this file says, or name its Python with --python`);

function fail(message) {
  console.error(`compare: ${message}`);
  process.exit(2);
}

/** Runs a program and parses the JSON line it ends with. */
function measure(file, args) {
  const run = spawnSync(file, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  const line = run.stdout?.trim().split('\n').at(-1) ?? '';
  try {
    if (run.status === 0) return JSON.parse(line);
  } catch {
    // told below
  }
  fail(`${file} ${args.join(' ')} failed:\n${run.error?.message ?? ''}${run.stderr || run.stdout}`);
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Both sides at one width: the median over rounds of each round's median, and what goes with it. */
function compare(d) {
  const ff = given.ff ?? String(Math.ceil((8 * d) / 3 / 32) * 32);
  const heads = given.heads ?? String(Math.max(1, d / 32));
  const sizes = ['layers', 'loops', 'vocab', 'seq', 'batch', 'steps', 'threads'].flatMap((k) => [`--${k}`, given[k]]);
  const args = ['--d', String(d), '--heads', heads, '--ff', ff, ...sizes];
  const flags = [...(given.clip ? ['--clip'] : []), ...(given.compile ? ['--compile'] : [])];
  const ours = [];
  const theirs = [];
  for (let round = 0; round < Number(given.rounds); round++) {
    ours.push(measure('node', ['tools/bootstrap.mjs', 'looplab', 'bench', 'step', ...args, '--json']));
    theirs.push(measure(python, [join(import.meta.dirname, 'peers', scripts[given.peer]), ...args, ...flags]));
    const last = (runs) => runs.at(-1).medianMs.toFixed(1);
    console.error(`d ${d}, round ${round + 1}: looplab ${last(ours)} ms, ${given.peer} ${last(theirs)} ms`);
  }
  const of = (runs, field) => median(runs.map((r) => r[field]));
  const ratios = theirs.map((t, i) => t.medianMs / ours[i].medianMs);
  return {
    framework: theirs[0].framework,
    cells: [
      `${d} / ${heads} / ${ff}`,
      of(ours, 'medianMs').toFixed(1),
      of(theirs, 'medianMs').toFixed(1),
      `**${median(ratios).toFixed(2)}** (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
      of(ours, 'gflops').toFixed(0),
      of(theirs, 'gflops').toFixed(0),
      of(ours, 'peakRssMb').toFixed(0),
      of(theirs, 'peakRssMb').toFixed(0),
    ],
  };
}

const rows = given.d.split(',').map((d) => compare(Number(d)));
const cpu = cpus();
const { layers, loops, vocab, seq, batch, threads, rounds, steps } = given;
console.log(
  `Machine: ${cpu.length} x ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}.`,
);
console.log(
  `LoopLab against ${rows[0].framework}${given.clip ? ', both clipping' : ', only LoopLab clipping'}; ${layers} layers x ${loops} loops, ` +
    `vocabulary ${vocab}, ${batch} x ${seq} tokens, ${threads} threads; ${rounds} rounds of ${steps} steps, alternating.\n`,
);
const head = [
  'd / heads / ff',
  'LoopLab ms',
  `${given.peer} ms`,
  'times faster',
  'GFLOP/s',
  `${given.peer} GFLOP/s`,
  'peak MB',
  `${given.peer} peak MB`,
];
for (const cells of [head, head.map(() => '---'), ...rows.map((r) => r.cells)]) console.log(`| ${cells.join(' | ')} |`);
