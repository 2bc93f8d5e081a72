// LoopLM against golden values of an independent PyTorch implementation in float64 (tools/golden/looplm.py), on every device.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, loopLM, modelConfig, type Params, paramSpecs, runTrace } from '@looplab/core';
import { compile, tensor, tensorflowIsSetUp, toArray, useDevice, valueAndGrad } from '@looplab/engine';
import { entropyRegularised, everyLoop, gateImprovement, lastLoop, type Objective } from '@looplab/objectives';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StepSetup, trainState, trainStep } from './trainStep.ts';

/** A fixture's numbers, nested as the tensor is. */
type Nested = number | readonly Nested[];
/** Tensors by parameter name: little-endian float32 in base64. */
type Packed = Readonly<Record<string, string>>;

interface Case {
  readonly logits: Nested; // [loops, batch, seq, vocab]
  readonly gates: Nested; // [loops, batch, seq]
  readonly expectedLoss: number;
  readonly entropy: number;
  readonly totals: Readonly<Record<string, number>>;
  readonly grads: Readonly<Record<string, Packed>>;
}

interface Fixture {
  readonly config: Record<string, number>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly params: Readonly<Record<string, readonly number[]>>;
  readonly batch: { readonly ids: Nested; readonly targets: Nested; readonly weights: Nested };
  readonly plain: Case;
  readonly masked: Case & { readonly keyMask: Nested };
  readonly adamw: {
    readonly lrs: readonly number[];
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weightDecay: number;
    readonly clipNorm: number;
    readonly decay: readonly string[];
    readonly steps: readonly { readonly loss: number; readonly gradNorm: number; readonly params: Packed }[];
  };
}

const root = join(import.meta.dirname, '../../..');
const python = join(root, '.cache/venv-torch/bin/python');
const fixtures = join(import.meta.dirname, 'fixtures');
const golden = JSON.parse(readFileSync(join(fixtures, 'looplm.json'), 'utf8')) as Fixture;
const { beta = 0, gain = 0, gamma = 0, batch: rows = 0, seq = 0, ...sizes } = golden.config;
const model = modelConfig(sizes as unknown as Parameters<typeof modelConfig>[0]); // checked by modelConfig itself
const strategy = loopLM();
const specs = paramSpecs(model, strategy);

/** Largest difference to the golden values, relative to the largest of them: the bar of this project for float32. */
const TOLERANCE = 1e-5;

const OBJECTIVES: Readonly<Record<string, Objective>> = {
  lastLoop: lastLoop(),
  everyLoop: everyLoop(),
  entropyRegularised: entropyRegularised({ beta }),
  gateImprovementCausal: gateImprovement({ k: gain, gamma, pairing: 'causal' }),
  gateImprovementPrinted: gateImprovement({ k: gain, gamma, pairing: 'paper' }),
};

function flat(x: Nested): number[] {
  return typeof x === 'number' ? [x] : x.flatMap(flat);
}

function unpack(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

function relativeError(ours: ArrayLike<number>, theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length);
  const largest = Math.max(...theirs.map(Math.abs));
  const off = Math.max(...theirs.map((x, i) => Math.abs(x - (ours[i] ?? Number.NaN))));
  return largest === 0 ? off : off / largest;
}

/** Fails with the name and error of every value that is off by more than the tolerance. */
function expectClose(
  pairs: Iterable<readonly [name: string, ours: ArrayLike<number>, theirs: readonly number[]]>,
): void {
  const off: Record<string, number> = {};
  for (const [name, ours, theirs] of pairs) {
    const error = relativeError(ours, theirs);
    if (!(error <= TOLERANCE)) off[name] = error;
  }
  expect(off).toEqual({});
}

function goldenParams(): Params {
  const shape = (name: string) => golden.shapes[name] ?? [];
  return Object.fromEntries(
    Object.entries(golden.params).map(([name, data]) => [name, tensor(Float32Array.from(data), shape(name))]),
  );
}

function goldenBatch(keyMask?: Nested): Batch {
  const grid = (data: Int32Array | Float32Array) => tensor(data, [rows, seq]);
  return {
    ids: grid(Int32Array.from(flat(golden.batch.ids))),
    targets: grid(Int32Array.from(flat(golden.batch.targets))),
    weights: grid(Float32Array.from(flat(golden.batch.weights))),
    ...(keyMask === undefined ? {} : { keyMask: grid(Float32Array.from(flat(keyMask))) }),
  };
}

async function values(tensors: Params): Promise<Record<string, ArrayLike<number>>> {
  const read = Object.entries(tensors).map(async ([name, t]) => [name, await toArray(t)] as const);
  return Object.fromEntries(await Promise.all(read));
}

test('the fixture has the parameters of the model, by name, shape and decay', () => {
  const shapes = Object.fromEntries(specs.map((s) => [s.name, s.shape]));
  expect(shapes).toEqual(golden.shapes);
  expect(new Set(specs.filter((s) => s.decay).map((s) => s.name))).toEqual(new Set(golden.adamw.decay));
});

const torch = existsSync(python);
test.runIf(torch)(
  torch ? 'the fixture is what the reference computes today' : 'skipped: needs PyTorch, run tools/setup-torch.sh',
  () => {
    const args = [join(root, 'tools/golden/looplm.py'), fixtures, '--check'];
    expect(execFileSync(python, args, { encoding: 'utf8' })).toContain('looplm.json is what looplm.py computes');
  },
);

describe.each(['cpu', 'onnx', ...(tensorflowIsSetUp() ? (['tensorflow'] as const) : [])] as const)('on %s', (kind) => {
  beforeAll(async () => {
    await useDevice({ kind, threads: 1 });
  });

  afterAll(async () => {
    await useDevice({ kind: 'cpu' });
  });

  test.each(['plain', 'masked'] as const)('%s: logits and gate logits of every loop', async (which) => {
    const expected = golden[which];
    const keyMask = which === 'masked' ? golden.masked.keyMask : undefined;
    const forward = compile((params: Params, batch: Batch) => {
      const [trace] = runTrace(model, strategy, params, batch, { train: true });
      if (!trace) throw new Error('no trace');
      return { logits: tf.stack(trace.states.map((_, t) => trace.logits(t))), gates: tf.stack([...trace.halt]) };
    });
    const { logits, gates } = await values(await forward(goldenParams(), goldenBatch(keyMask)));
    // what a padded position computes means nothing: it may see no key at all
    const counts = flat(keyMask ?? Array.from({ length: rows * seq }, () => 1)).map((m) => m > 0);
    const seen = (x: ArrayLike<number>, width: number): number[] =>
      Array.from(x).filter((_, i) => counts[Math.floor(i / width) % counts.length]);
    expectClose([
      ['logits', seen(logits ?? [], model.vocab), seen(flat(expected.logits), model.vocab)],
      ['gates', seen(gates ?? [], 1), seen(flat(expected.gates), 1)],
    ]);
  });

  const cases = (['plain', 'masked'] as const).flatMap((which) =>
    Object.keys(golden[which].grads).map((objective) => [which, objective] as const),
  );
  test.each(cases)('%s: loss terms and every gradient of %s', async (which, id) => {
    const expected = golden[which];
    const objective = OBJECTIVES[id];
    if (!objective) throw new Error(`the fixture has an objective '${id}' that this test does not know`);
    const gradients = compile(
      valueAndGrad(
        (params: Params, batch: Batch) => {
          const terms = objective.terms(runTrace(model, strategy, params, batch, { train: true }), batch);
          return [terms.total, { ...terms }] as const;
        },
        { hasAux: true },
      ),
    );
    const batch = goldenBatch(which === 'masked' ? golden.masked.keyMask : undefined);
    const { aux, grads } = await gradients(goldenParams(), batch);
    const terms = await values(aux);
    expectClose([['total', terms.total ?? [], [expected.totals[id] ?? Number.NaN]]]);
    if (id === 'entropyRegularised') {
      expectClose([
        ['expectedLoss', terms.expectedLoss ?? [], [expected.expectedLoss]],
        ['entropy', terms.entropy ?? [], [-beta * expected.entropy]],
      ]);
    }
    const ours = await values(grads);
    const theirs = expected.grads[id] ?? {};
    expectClose(Object.entries(theirs).map(([name, text]) => [name, ours[name] ?? [], unpack(text)]));
    // where a part of the model is frozen its gradient is zero, not merely unused
    const frozen = Object.keys(ours).filter((name) => !(name in theirs));
    for (const name of frozen)
      expect(
        Array.from(ours[name] ?? []).every((x) => x === 0),
        name,
      ).toBe(true);
  });

  test('parameters after each of three AdamW steps', async () => {
    const { lrs, betas, steps, eps, weightDecay, clipNorm } = golden.adamw;
    const setup: StepSetup = {
      model,
      strategy,
      objective: entropyRegularised({ beta }),
      specs,
      train: { beta1: betas[0], beta2: betas[1], eps, weightDecay, clipNorm, remat: false },
    };
    const step = compile(trainStep(setup), { donate: [0] });
    const { frozen, state: initial } = trainState(goldenParams(), () => true);
    let state = initial;
    const batch = goldenBatch();
    for (const [i, lr] of lrs.entries()) {
      const expected = steps[i];
      if (!expected) throw new Error(`the fixture has no step ${i}`);
      const [next, metrics] = await step(state, frozen, batch, {}, tf.scalar(lr));
      state = next;
      const { loss, gradNorm } = await values({ loss: metrics.loss, gradNorm: metrics.gradNorm });
      const ours = await values(state.params);
      expectClose([
        [`step ${i}: loss`, loss ?? [], [expected.loss]],
        [`step ${i}: gradNorm`, gradNorm ?? [], [expected.gradNorm]],
        ...Object.entries(expected.params).map(
          ([name, text]) => [`step ${i}: ${name}`, ours[name] ?? [], unpack(text)] as const,
        ),
      ]);
    }
  });
});
