// Element-wise kernels: arithmetic, comparison, logic, activations, casts.
import {
  add,
  binary,
  broadcastShape,
  cast,
  div,
  mul,
  op,
  reshape,
  scalar,
  splat,
  sub,
  unary,
} from '../../graph/build.ts';
import type { DType, Value } from '../../graph/graph.ts';
import { type Inputs, input, kernel, type Lowering } from './kernel.ts';

/** Both operands in the wider of their types (bool < int32 < float32), as tfjs promotes them. */
function promoted(inputs: Inputs): [Value, Value] {
  const a = input(inputs, 'a');
  const b = input(inputs, 'b');
  const rank: Record<DType, number> = { bool: 0, int32: 1, int64: 2, float32: 3 };
  const dtype = rank[a.dtype] >= rank[b.dtype] ? a.dtype : b.dtype;
  return [cast(a, dtype), cast(b, dtype)];
}

/** Arithmetic on bool happens in int32. */
function arithmetic(name: string): Lowering {
  return (inputs) => {
    const [a, b] = promoted(inputs);
    return a.dtype === 'bool' ? binary(name, cast(a, 'int32'), cast(b, 'int32')) : binary(name, a, b);
  };
}

function comparison(name: string): Lowering {
  return (inputs) => {
    const [a, b] = promoted(inputs);
    const isOrder = name !== 'Equal';
    const x = isOrder && a.dtype === 'bool' ? cast(a, 'int32') : a;
    const y = isOrder && b.dtype === 'bool' ? cast(b, 'int32') : b;
    return binary(name, x, y, 'bool');
  };
}

/** Functions that ONNX defines on floats only. */
function float(name: string, attrs = {}): Lowering {
  return (inputs) => unary(name, cast(input(inputs, 'x'), 'float32'), attrs);
}

const not = (x: Value): Value => unary('Not', x);
const where = (c: Value, a: Value, b: Value): Value =>
  op('Where', [c, a, b], { shape: broadcastShape(c.shape, broadcastShape(a.shape, b.shape)), dtype: a.dtype });
const less = (a: Value, b: Value): Value => binary('Less', a, b, 'bool');

/** Keeps the type of x: what is done in float32 is cast back. */
function inFloat(x: Value, f: (x: Value) => Value): Value {
  return cast(f(cast(x, 'float32')), x.dtype);
}

/** An int32 always. From int32 it is exact, and where tfjs gives 0 for a division by 0, ONNX Runtime would fail. */
function floorDiv(a: Value, b: Value): Value {
  if (a.dtype !== 'int32') return cast(unary('Floor', div(a, b)), 'int32');
  const zero = scalar(0, 'int32');
  const byZero = binary('Equal', b, zero, 'bool');
  const divisor = where(byZero, scalar(1, 'int32'), b);
  return where(byZero, zero, div(sub(a, binary('Mod', a, divisor)), divisor));
}

/** tfjs keeps the sign of the divisor, as Python does. */
function mod(a: Value, b: Value): Value {
  const zero = scalar(0, a.dtype);
  if (a.dtype === 'int32') return binary('Mod', a, where(binary('Equal', b, zero, 'bool'), scalar(1, 'int32'), b));
  const sig = { shape: broadcastShape(a.shape, b.shape), dtype: a.dtype };
  const rest = op('Mod', [a, b], sig, { fmod: 1 });
  const sameSign = binary('Equal', less(a, zero), less(b, zero), 'bool');
  return where(sameSign, rest, op('Mod', [add(rest, b), b], sig, { fmod: 1 }));
}

/** exp(x) - 1 and log(1 + x) keep their digits near 0: the rounding of u cancels in the ratio (Kahan; Higham 2002, 1.14.1). */
function expm1(x: Value): Value {
  const u = unary('Exp', x);
  const v = sub(u, scalar(1));
  const near = less(unary('Abs', x), scalar(0.5)); // further away the difference is exact enough, and log(u) may be infinite
  const exact = where(binary('Equal', v, scalar(0), 'bool'), x, mul(v, div(x, unary('Log', u))));
  return where(near, exact, v);
}

function log1p(x: Value): Value {
  const u = add(x, scalar(1));
  const v = sub(u, scalar(1));
  const near = less(unary('Abs', x), scalar(0.5));
  const exact = where(binary('Equal', v, scalar(0), 'bool'), x, mul(unary('Log', u), div(x, v)));
  return where(near, exact, unary('Log', u));
}

function clip(x: Value, lo: number, hi: number): Value {
  return op('Clip', [x, scalar(lo, x.dtype), scalar(hi, x.dtype)], x);
}

function elu(x: Value): Value {
  return unary('Elu', x, { alpha: { float: 1 } });
}

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.7580993408473768 / SELU_SCALE;

/** An activation that a fused tfjs kernel asks for by name. */
export function activation(name: string | undefined, x: Value, prelu?: Value, leaky = 0.2): Value {
  switch (name) {
    case undefined:
    case 'linear':
      return x;
    case 'relu':
      return unary('Relu', x);
    case 'relu6':
      return clip(x, 0, 6);
    case 'elu':
      return elu(x);
    case 'sigmoid':
      return unary('Sigmoid', x);
    case 'leakyrelu':
      return unary('LeakyRelu', x, { alpha: { float: leaky } });
    case 'prelu':
      if (!prelu) throw new Error('activation prelu needs its weights');
      return op('PRelu', [x, prelu], x);
    default:
      throw new Error(`unknown activation '${name}'`);
  }
}

/** Registers the element-wise kernels. */
export function registerElementwise(): void {
  kernel('Add', arithmetic('Add'));
  kernel('Sub', arithmetic('Sub'));
  kernel('Multiply', arithmetic('Mul'));
  kernel('Maximum', arithmetic('Max'));
  kernel('Minimum', arithmetic('Min'));
  kernel('RealDiv', (inputs) => {
    const [a, b] = promoted(inputs);
    return div(cast(a, 'float32'), cast(b, 'float32'));
  });
  kernel('FloorDiv', (inputs) => floorDiv(...promoted(inputs)));
  kernel('Mod', (inputs) => mod(...promoted(inputs)));
  kernel('Pow', arithmetic('Pow'));
  kernel('SquaredDifference', (inputs) => {
    const d = sub(...promoted(inputs));
    return mul(d, d);
  });
  kernel('AddN', (inputs) => Object.values(inputs).reduce((a, b) => add(a, b)));
  kernel('Atan2', (inputs) => {
    const [y, x] = promoted(inputs).map((v) => cast(v, 'float32')) as [Value, Value];
    const zero = scalar(0);
    const base = unary('Atan', div(y, x));
    const shifted = add(base, where(less(y, zero), scalar(-Math.PI), scalar(Math.PI)));
    const vertical = where(binary('Equal', y, zero, 'bool'), zero, base); // x = 0: base is atan of an infinity, or 0 / 0
    return where(binary('Equal', x, zero, 'bool'), vertical, where(less(x, zero), shifted, base));
  });

  kernel('Equal', comparison('Equal'));
  kernel('NotEqual', (inputs) => not(comparison('Equal')(inputs, {}) as Value));
  kernel('Greater', comparison('Greater'));
  kernel('GreaterEqual', comparison('GreaterOrEqual'));
  kernel('Less', comparison('Less'));
  kernel('LessEqual', comparison('LessOrEqual'));
  const logic =
    (name: string): Lowering =>
    (inputs) =>
      binary(name, cast(input(inputs, 'a'), 'bool'), cast(input(inputs, 'b'), 'bool'), 'bool');
  kernel('LogicalAnd', logic('And'));
  kernel('LogicalOr', logic('Or'));
  kernel('LogicalXor', logic('Xor'));
  kernel('LogicalNot', (inputs) => not(input(inputs, 'x')));
  kernel('BitwiseAnd', (inputs) => binary('BitwiseAnd', input(inputs, 'a'), input(inputs, 'b')));
  kernel('Select', (inputs) => {
    const t = input(inputs, 't');
    const e = input(inputs, 'e');
    let c = input(inputs, 'condition');
    // a vector condition picks whole rows
    if (c.shape.length === 1 && t.shape.length > 1) {
      c = reshape(c, [c.shape[0] as number, ...t.shape.slice(1).map(() => 1)]);
    }
    if (t.dtype === 'bool') {
      return cast(where(c, cast(t, 'int32'), cast(e, 'int32')), 'bool');
    }
    return where(c, t, e);
  });

  for (const [name, onnx] of Object.entries({
    Exp: 'Exp',
    Log: 'Log',
    Sigmoid: 'Sigmoid',
    Sqrt: 'Sqrt',
    Cos: 'Cos',
    Sin: 'Sin',
    Tan: 'Tan',
    Acos: 'Acos',
    Asin: 'Asin',
    Atan: 'Atan',
    Acosh: 'Acosh',
    Asinh: 'Asinh',
    Atanh: 'Atanh',
    Cosh: 'Cosh',
    Sinh: 'Sinh',
    Tanh: 'Tanh',
    Erf: 'Erf',
    Softplus: 'Softplus',
    Reciprocal: 'Reciprocal',
  })) {
    kernel(name, float(onnx));
  }
  for (const name of ['Neg', 'Abs', 'Sign']) {
    kernel(name, (inputs) => {
      const x = input(inputs, 'x');
      const y = unary(name, x.dtype === 'bool' ? cast(x, 'int32') : x);
      // tfjs calls the sign of NaN 0
      return name === 'Sign' && x.dtype === 'float32' ? where(unary('IsNaN', x, {}, 'bool'), scalar(0), y) : y;
    });
  }
  for (const name of ['Ceil', 'Floor', 'Round'])
    kernel(name, (inputs) => inFloat(input(inputs, 'x'), (x) => unary(name, x)));
  kernel('Relu', (inputs) => inFloat(input(inputs, 'x'), (x) => unary('Relu', x)));
  kernel('Relu6', (inputs) => inFloat(input(inputs, 'x'), (x) => clip(x, 0, 6)));
  kernel('Rsqrt', (inputs) => unary('Reciprocal', unary('Sqrt', cast(input(inputs, 'x'), 'float32'))));
  kernel('Square', (inputs) => {
    const x = input(inputs, 'x');
    return mul(x, x);
  });
  kernel('Expm1', (inputs) => expm1(cast(input(inputs, 'x'), 'float32')));
  kernel('Log1p', (inputs) => log1p(cast(input(inputs, 'x'), 'float32')));
  kernel('Elu', (inputs) => elu(cast(input(inputs, 'x'), 'float32')));
  kernel('EluGrad', (inputs) => {
    const dy = input(inputs, 'dy');
    const y = input(inputs, 'y');
    return where(less(y, scalar(0)), mul(dy, add(y, scalar(1))), dy);
  });
  kernel('Selu', (inputs) =>
    unary('Selu', cast(input(inputs, 'x'), 'float32'), { alpha: { float: SELU_ALPHA }, gamma: { float: SELU_SCALE } }),
  );
  kernel('LeakyRelu', (inputs, attrs) =>
    activation('leakyrelu', cast(input(inputs, 'x'), 'float32'), undefined, attrs.alpha),
  );
  kernel('Prelu', (inputs) => {
    const x = cast(input(inputs, 'x'), 'float32');
    const alpha = cast(input(inputs, 'alpha'), 'float32');
    return where(less(x, scalar(0)), mul(x, alpha), x);
  });
  kernel('Step', (inputs, attrs) => {
    const x = input(inputs, 'x');
    return inFloat(x, (v) => {
      const stepped = where(less(scalar(0), v), scalar(1), scalar(attrs.alpha ?? 0));
      return x.dtype === 'float32' ? where(unary('IsNaN', v, {}, 'bool'), v, stepped) : stepped;
    });
  });
  kernel('ClipByValue', (inputs, attrs) => clip(input(inputs, 'x'), attrs.clipValueMin, attrs.clipValueMax));
  kernel('IsNan', (inputs) => unary('IsNaN', cast(input(inputs, 'x'), 'float32'), {}, 'bool'));
  kernel('IsInf', (inputs) => unary('IsInf', cast(input(inputs, 'x'), 'float32'), {}, 'bool'));
  kernel('IsFinite', (inputs) => {
    const x = cast(input(inputs, 'x'), 'float32');
    return not(binary('Or', unary('IsNaN', x, {}, 'bool'), unary('IsInf', x, {}, 'bool'), 'bool'));
  });
  kernel('Cast', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const to = attrs.dtype as DType;
    return cast(x, to);
  });
  kernel('Identity', (inputs) => input(inputs, 'x'));
  kernel('StopGradient', (inputs) => input(inputs, 'x'));
  kernel('ZerosLike', (inputs) => splat(0, input(inputs, 'x').shape, input(inputs, 'x').dtype));
  kernel('OnesLike', (inputs) => splat(1, input(inputs, 'x').shape, input(inputs, 'x').dtype));
}
