// The engine's own kernels: RMS norm, rotary embedding, causal attention, SwiGLU, cross-entropy, embedding, and their gradients.
import {
  add,
  cast,
  gemm,
  matMul,
  mul,
  op,
  ops,
  reduce,
  reshape,
  scalar,
  splat,
  sub,
  transpose,
  unary,
} from '../../graph/build.ts';
import { makeConstant, size, type Value } from '../../graph/graph.ts';
import { type Inputs, input, kernel } from './kernel.ts';

const last = (v: Value): number => v.shape[v.shape.length - 1] as number;
/** All axes but the last as one: [rows, d]. */
const rows = (v: Value): Value => reshape(v, [size(v.shape) / last(v), last(v)]);

function pick<N extends string>(inputs: Inputs, ...names: N[]): Record<N, Value> {
  return Object.fromEntries(names.map((n) => [n, input(inputs, n)])) as Record<N, Value>;
}

/** x / rms(x) and 1 / rms(x), the latter [..., 1]. */
function normalise(x: Value, eps: number): readonly Value[] {
  const inv = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype };
  const unit = makeConstant(new Float32Array(last(x)).fill(1), [last(x)], 'float32');
  return ops('SimplifiedLayerNormalization', [x, unit], [x, inv], { axis: -1, epsilon: { float: eps }, stash_type: 1 });
}

/** Gradient of x / rms(x): `(g - xHat * mean(g * xHat)) / rms(x)`, with the mean given. */
function normaliseGrad(g: Value, xHat: Value, inv: Value, mean: Value): Value {
  return mul(sub(g, mul(xHat, mean)), inv);
}

function registerRmsNorm(): void {
  // -> xHat, 1 / rms(x)
  kernel('RmsNormUnit', (inputs, attrs) => normalise(input(inputs, 'x'), attrs.eps));
  kernel('RmsNormUnitGrad', (inputs) => {
    const { dy, xHat, inv } = pick(inputs, 'dy', 'xHat', 'inv');
    const mean = reduce('ReduceMean', mul(dy, xHat), [dy.shape.length - 1], true);
    return normaliseGrad(dy, xHat, inv, mean);
  });
  // -> y, xHat, 1 / rms(x)
  kernel('RmsNorm', (inputs, attrs) => {
    const [xHat, inv] = normalise(input(inputs, 'x'), attrs.eps) as [Value, Value];
    return [mul(xHat, input(inputs, 'weight')), xHat, inv];
  });
  // -> dx, dweight
  kernel('RmsNormGrad', (inputs) => {
    const { dy, weight, xHat, inv } = pick(inputs, 'dy', 'weight', 'xHat', 'inv');
    const d = last(dy);
    const product = rows(mul(dy, xHat)); // serves both gradients
    const mean = reshape(gemm(product, reshape(weight, [d, 1]), { alpha: 1 / d }), inv.shape);
    return [normaliseGrad(mul(dy, weight), xHat, inv, mean), reduce('ReduceSum', product, [0], false)];
  });
}

function registerRotary(): void {
  kernel('Rotary', (inputs, attrs) => {
    const { x, cos, sin } = pick(inputs, 'x', 'cos', 'sin');
    const start = makeConstant(BigInt64Array.of(0n), [1], 'int64');
    const tables = [cos, attrs.inverse ? unary('Neg', sin) : sin];
    return op('RotaryEmbedding', [x, start, ...tables], x, { num_heads: attrs.heads, interleaved: 0 });
  });
}

/** Added to a masked score; see ops/causalAttention.ts. */
const MASKED = -1e9;

function causalBias(seq: number, keys: number): Value {
  const bias = new Float32Array(seq * keys);
  for (let i = 0; i < seq; i++) bias.fill(MASKED, i * keys + (keys - seq) + i + 1, (i + 1) * keys);
  return makeConstant(bias, [seq, keys], 'float32');
}

/** [B, n, heads * dHead] -> [B, heads, n, dHead] */
function splitHeads(x: Value, heads: number): Value {
  const [b, n, d] = x.shape as [number, number, number];
  return transpose(reshape(x, [b, n, heads, d / heads]), [0, 2, 1, 3]);
}

/** [B, heads, n, dHead] -> [B, n, heads * dHead] */
function mergeHeads(x: Value): Value {
  const [b, h, n, d] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [b, n, h * d]);
}

function registerAttention(): void {
  // -> out, and for the gradient: q, k, v by heads, probabilities, out by heads
  kernel('CausalAttention', (inputs, attrs) => {
    const heads = attrs.heads as number;
    const q = splitHeads(input(inputs, 'q'), heads);
    const k = splitHeads(input(inputs, 'k'), heads);
    const v = splitHeads(input(inputs, 'v'), heads);
    const seq = q.shape[2] as number;
    const keys = k.shape[2] as number;
    let scores = matMul(q, k, { transB: true, alpha: attrs.scale }); // [B, H, S, P + S]
    const given = inputs.bias; // [S, P + S], or one a row
    let bias = given ?? (seq > 1 ? causalBias(seq, keys) : undefined);
    if (given?.shape.length === 3) bias = reshape(given, [given.shape[0] as number, 1, seq, keys]);
    const mask = inputs.keyMask;
    if (mask) {
      const b = mul(sub(reshape(mask, [mask.shape[0] as number, 1, 1, keys]), scalar(1)), scalar(-MASKED));
      bias = bias ? add(b, bias) : b;
    }
    if (bias) scores = add(scores, bias);
    const p = unary('Softmax', scores, { axis: 3 });
    const out = matMul(p, v);
    return [mergeHeads(out), q, k, v, p, out];
  });
  // -> dq, dk, dv
  kernel('CausalAttentionGrad', (inputs, attrs) => {
    const { q, k, v, p, out } = pick(inputs, 'q', 'k', 'v', 'p', 'out');
    const alpha = attrs.scale as number;
    const dOut = splitHeads(input(inputs, 'dy'), attrs.heads);
    const dp = matMul(dOut, v, { transB: true });
    // rowsum(dp * p) = rowsum(dOut * out), and dHead is the shorter row (Dao et al. 2022, sec. 3.1)
    const delta = reduce('ReduceSum', mul(dOut, out), [3], true);
    const ds = mul(p, sub(dp, delta));
    return [
      mergeHeads(matMul(ds, k, { alpha })),
      mergeHeads(matMul(ds, q, { transA: true, alpha })),
      mergeHeads(matMul(p, dOut, { transA: true })),
    ];
  });
}

function registerSwiglu(): void {
  // -> silu(gate) * up, silu(gate)
  kernel('Swiglu', (inputs) => {
    const silu = unary('QuickGelu', input(inputs, 'gate'), { alpha: { float: 1 } });
    return [mul(silu, input(inputs, 'up')), silu];
  });
  // -> dgate, dup; silu' = sigmoid + silu * (1 - sigmoid) = sigmoid * (1 + gate - silu)
  kernel('SwigluGrad', (inputs) => {
    const { dy, gate, up, silu } = pick(inputs, 'dy', 'gate', 'up', 'silu');
    const slope = mul(unary('Sigmoid', gate), add(sub(gate, silu), scalar(1)));
    return [mul(mul(dy, up), slope), mul(dy, silu)];
  });
}

/** [rows, n] float32: 1 at each row's index, which must be in range. */
function oneHot(ids: Value, n: number): Value {
  const count = size(ids.shape);
  const values = makeConstant(Float32Array.of(0, 1), [2], 'float32');
  const depth = makeConstant(BigInt64Array.of(BigInt(n)), [1], 'int64');
  const flat = cast(reshape(ids, [count]), 'int64');
  return op('OneHot', [flat, depth, values], { shape: [count, n], dtype: 'float32' }, { axis: -1 });
}

function registerCrossEntropy(): void {
  // -> negative log-likelihood, log-probabilities
  kernel('CrossEntropy', (inputs) => {
    const { logits, labels } = pick(inputs, 'logits', 'labels');
    const logP = unary('LogSoftmax', logits, { axis: logits.shape.length - 1 });
    const n = size(labels.shape);
    const own = op(
      'GatherElements',
      [rows(logP), reshape(labels, [n, 1])],
      { shape: [n, 1], dtype: 'float32' },
      { axis: 1 },
    );
    return [unary('Neg', reshape(own, labels.shape)), logP];
  });
  kernel('CrossEntropyGrad', (inputs) => {
    const { logP, labels, dy } = pick(inputs, 'logP', 'labels', 'dy');
    const diff = sub(unary('Exp', rows(logP)), oneHot(labels, last(logP)));
    return reshape(mul(diff, reshape(dy, [size(dy.shape), 1])), logP.shape);
  });
}

/** Up to this many rows a table's gradient is a matrix product with one-hot rows; beyond, a scatter. */
const ONE_HOT_ROWS = 1024;

function registerEmbedding(): void {
  kernel('Embedding', (inputs) => {
    const { table, ids } = pick(inputs, 'table', 'ids');
    return op('Gather', [table, ids], { shape: [...ids.shape, last(table)], dtype: 'float32' }, { axis: 0 });
  });
  kernel('EmbeddingGrad', (inputs, attrs) => {
    const dy = rows(input(inputs, 'dy'));
    const ids = input(inputs, 'ids');
    const n = attrs.rows as number;
    if (n <= ONE_HOT_ROWS) return gemm(oneHot(ids, n), dy, { transA: true });
    const shape = [n, last(dy)];
    const indices = cast(reshape(ids, [size(ids.shape), 1]), 'int64');
    return op(
      'ScatterND',
      [splat(0, shape, 'float32'), indices, dy],
      { shape, dtype: 'float32' },
      { reduction: 'add' },
    );
  });
}

/** Registers the kernels of the fused operations. */
export function registerTransformer(): void {
  // x, but not before `after` was computed: orders the second forward pass of remat
  kernel('After', (inputs) => op('After', [input(inputs, 'x'), input(inputs, 'after')], input(inputs, 'x')));
  registerRmsNorm();
  registerRotary();
  registerAttention();
  registerSwiglu();
  registerCrossEntropy();
  registerEmbedding();
}
