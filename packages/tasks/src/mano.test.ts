// Checks Mano's layout symbol by symbol, its answers against an independent evaluator, and the distribution of its expressions.
import { describe, expect, it } from 'vitest';
import { mano } from './mano.ts';
import { evaluate, prefix, randomExpression, work } from './manoExpression.ts';
import type { TaskBatch } from './task.ts';

const M = 23;
const OPS = ['+', '-', '*'] as const;
// Default vocabulary: 0..22 values, 23 +, 24 -, 25 *, 26 <bos>, 27 <ans>, 28 <len_0>, ...
const [BOS, ANS, LEN0] = [26, 27, 28];

/** Reads prefix symbols from the right with a stack and exact integers; the modulus is taken once, at the end. */
function bruteForce(symbols: readonly (string | number)[], modulus: number): number {
  const stack: bigint[] = [];
  for (const symbol of [...symbols].reverse()) {
    if (typeof symbol === 'number') stack.push(BigInt(symbol));
    else {
      const [a = 0n, b = 0n] = [stack.pop(), stack.pop()];
      stack.push(symbol === '+' ? a + b : symbol === '-' ? a - b : a * b);
    }
  }
  expect(stack).toHaveLength(1);
  const m = BigInt(modulus);
  return Number((((stack[0] ?? 0n) % m) + m) % m);
}

const row = (x: Int32Array | Float32Array, r: number, seq: number) => Array.from(x.subarray(r * seq, (r + 1) * seq));
const symbolsOf = (ids: number[]) => ids.map((id) => (id < M ? id : (OPS[id - M] ?? '?')));

describe('layout', () => {
  const task = mano({ maxOps: 4 });

  it('has the vocabulary values, operators, <bos>, <ans>, <len_0..L>', () => {
    expect(task.vocab).toBe(M + 3 + 2 + 5);
    expect(task.seq).toBe(2 * 4 + 4);
    expect(task.chance).toBe(1 / M);
    expect(task.decode([0, 22, 23, 24, 25, 26, 27, 28, 32])).toBe('0 22 + - * <bos> <ans> <len_0> <len_4>');
  });

  it('is <bos> <len_l> expression <ans>, answer as target, padded without weight', () => {
    const { ids, targets, weights, seq } = task.train(0, 0, 64);
    const sizes = new Set<number>();
    for (let r = 0; r < 64; r++) {
      const [input, target, weight] = [row(ids, r, seq), row(targets, r, seq), row(weights, r, seq)];
      const size = (input[1] ?? 0) - LEN0;
      sizes.add(size);
      const end = 2 * size + 3; // where <ans> stands
      expect([input[0], input[end]]).toEqual([BOS, ANS]);
      const symbols = symbolsOf(input.slice(2, end));
      expect(symbols.filter((s) => typeof s === 'string')).toHaveLength(size);
      expect(target[end]).toBe(bruteForce(symbols, M));
      expect(target.slice(0, end)).toEqual(input.slice(1, end + 1));
      expect(weight).toEqual(input.map((_, t) => (t === end ? 1 : 0)));
      expect(input.slice(end + 1).every((id) => id === BOS)).toBe(true);
    }
    expect([...sizes].sort()).toEqual([1, 2, 3, 4]);
  });

  it('validates on exactly L operators and on answers only', () => {
    for (const loss of ['answer', 'all'] as const) {
      const { ids, weights, seq } = mano({ maxOps: 4, loss }).validation(3, 16);
      for (let r = 0; r < 16; r++) {
        expect(row(ids, r, seq)[1]).toBe(LEN0 + 4);
        expect(row(weights, r, seq)).toEqual([...new Array(11).fill(0), 1]);
      }
    }
    const easier = mano({ maxOps: 4, validationOps: 2 }).validation(0, 1);
    expect(easier.ids[1]).toBe(LEN0 + 2);
  });

  it('scores every symbol with loss all, still not the padding', () => {
    const { ids, weights, seq } = mano({ maxOps: 4, loss: 'all' }).train(0, 0, 32);
    for (let r = 0; r < 32; r++) {
      const end = row(ids, r, seq).indexOf(ANS);
      expect(row(weights, r, seq)).toEqual(Array.from({ length: seq }, (_, t) => (t <= end ? 1 : 0)));
    }
  });

  it('drops the length token when asked', () => {
    const bare = mano({ maxOps: 4, lengthToken: false });
    expect([bare.vocab, bare.seq]).toEqual([28, 11]);
    const { ids, targets, seq } = bare.validation(0, 8);
    for (let r = 0; r < 8; r++) {
      const input = row(ids, r, seq);
      expect([input[0], input[10]]).toEqual([BOS, ANS]);
      expect(row(targets, r, seq)[10]).toBe(bruteForce(symbolsOf(input.slice(1, 10)), M));
    }
  });

  it('doubles operators into synonyms which mean the same', () => {
    const double = mano({ maxOps: 4, opTokens: 'double' });
    expect(double.vocab).toBe(M + 6 + 2 + 5);
    expect(double.decode([23, 24, 25, 26, 27, 28, 29, 30])).toBe('+ + - - * * <bos> <ans>');
    const { ids, targets, seq } = double.validation(0, 64);
    const seen = new Set<number>();
    for (let r = 0; r < 64; r++) {
      const symbols = row(ids, r, seq).slice(2, 11);
      for (const s of symbols) if (s >= M) seen.add(s);
      const plain = symbols.map((id) => (id < M ? id : (OPS[Math.floor((id - M) / 2)] ?? '?')));
      expect(row(targets, r, seq)[11]).toBe(bruteForce(plain, M));
    }
    expect([...seen].sort()).toEqual([23, 24, 25, 26, 27, 28]);
  });

  it('draws only the operators named, modulo what is named', () => {
    const sums = mano({ maxOps: 3, ops: ['-'], modulus: 5 });
    expect(sums.vocab).toBe(5 + 1 + 2 + 4);
    const { ids, targets, seq } = sums.validation(0, 32);
    for (let r = 0; r < 32; r++) {
      const symbols = row(ids, r, seq)
        .slice(2, 9)
        .map((id) => (id < 5 ? id : '-'));
      expect(row(targets, r, seq)[9]).toBe(bruteForce(symbols, 5));
    }
  });
});

describe('open packing', () => {
  const task = mano({ maxOps: 3, packing: 'open', seq: 64, loss: 'all' });

  it('lays problems end to end, each begun by <bos>, and cuts the last', () => {
    const { ids, targets, weights, seq } = task.train(5, 0, 8);
    for (let r = 0; r < 8; r++) {
      const input = row(ids, r, seq);
      expect(row(targets, r, seq).slice(0, -1)).toEqual(input.slice(1));
      expect(row(weights, r, seq).every((w) => w === 1)).toBe(true);
      let at = 0;
      while (at < seq) {
        expect(input[at]).toBe(BOS);
        const size = at + 1 < seq ? (input[at + 1] ?? 0) - LEN0 : 1;
        const end = at + 2 * size + 3;
        if (end + 1 < seq) expect(input[end + 1]).toBe(bruteForce(symbolsOf(input.slice(at + 2, end)), M));
        at = end + 2;
      }
    }
  });

  it('scores every answer of a validation window', () => {
    const { ids, weights, seq } = task.validation(0, 2);
    expect(Array.from(weights)).toEqual(Array.from(ids, (id) => (id === ANS ? 1 : 0)));
    expect(weights.reduce((a, b) => a + b)).toBe(2 * Math.floor((seq + 1) / 11)); // whole problems of 11 symbols
  });

  it('names the problem of each position, which its chain names too', () => {
    const batch = task.train(5, 0, 4);
    for (let r = 0; r < 4; r++) {
      const input = row(batch.ids, r, 64);
      const begun = input.map((_, t) => input.slice(0, t + 1).filter((id) => id === BOS).length - 1);
      expect(Array.from(batch.segments ?? []).slice(r * 64, (r + 1) * 64)).toEqual(begun);
      for (const step of task.chain?.(input) ?? []) expect(step.problem).toBe(begun[step.position]);
    }
    expect(batch.isolated).toBe(false);
  });

  it('asks for attention within problems when masked, on the same data', () => {
    const masked = mano({ maxOps: 3, packing: 'masked', seq: 64, loss: 'all' });
    const batch = masked.train(5, 0, 4);
    expect(batch).toEqual({ ...task.train(5, 0, 4), isolated: true });
    expect(mano({ packing: 'masked' }).seq).toBe(1024);
    expect(mano({ packing: 'none' }).train(0, 0, 1)).not.toHaveProperty('segments');
  });
});

describe('lengths beyond training', () => {
  it('are validated with the symbols and rows of the task that is trained', () => {
    const trained = mano({ maxOps: 3, longestOps: 6 });
    for (const validationOps of [1, 3, 6]) {
      const tested = mano({ maxOps: 3, longestOps: 6, validationOps });
      expect([tested.vocab, tested.seq, tested.chainSteps]).toEqual([trained.vocab, trained.seq, 6]);
      expect(tested.train(1, 1, 8)).toEqual(trained.train(1, 1, 8));
      const { ids, targets, weights, seq } = tested.validation(0, 16);
      for (let r = 0; r < 16; r++) {
        const input = row(ids, r, seq);
        const end = 2 * validationOps + 3;
        expect([input[1], input[end], row(weights, r, seq).indexOf(1)]).toEqual([LEN0 + validationOps, ANS, end]);
        expect(row(targets, r, seq)[end]).toBe(bruteForce(symbolsOf(input.slice(2, end)), M));
      }
    }
    const { ids, seq } = trained.train(0, 0, 256);
    expect(new Set(row(ids, 0, 256 * seq).filter((_, i) => i % seq === 1))).toEqual(new Set([29, 30, 31]));
    expect(mano({ maxOps: 3, validationOps: 5 })).toMatchObject({ seq: 14, config: { longestOps: 5 } });
  });

  it('can be told by the answer mark as well', () => {
    const task = mano({ maxOps: 3, answerToken: 'length', lengthToken: false });
    expect(task.vocab).toBe(M + 3 + 1 + 4);
    expect(task.decode([27, 30])).toBe('<ans_0> <ans_3>');
    const { ids, targets, weights, seq } = task.train(0, 0, 32);
    for (let r = 0; r < 32; r++) {
      const input = row(ids, r, seq);
      const end = row(weights, r, seq).indexOf(1);
      expect(input[end]).toBe(27 + (end - 2) / 2);
      expect(row(targets, r, seq)[end]).toBe(task.chain?.(input).at(-1)?.token);
    }
  });
});

describe('expressions', () => {
  it('give the left part U{0..l-1} operators at every size', () => {
    // 400 x 16 roots of 4 operators: 4 sizes, chi-square with 3 degrees of freedom, 99.9% quantile 16.3
    const task = mano({ maxOps: 4 });
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 400; index++) {
      const { ids, seq } = task.validation(index, 16);
      for (let r = 0; r < 16; r++) {
        const left = leftSize(symbolsOf(row(ids, r, seq).slice(2, 11)));
        counts[left] = (counts[left] ?? 0) + 1;
      }
    }
    expect(counts.reduce((sum, n) => sum + (n - 1600) ** 2 / 1600, 0)).toBeLessThan(16.3);
  });

  it('draw U{1..L} operators in training, values and operators uniformly', () => {
    const task = mano({ maxOps: 5 });
    const [sizes, values, ops] = [new Float64Array(6), new Float64Array(M), new Float64Array(3)];
    for (let step = 0; step < 100; step++) {
      const { ids, seq } = task.train(9, step, 32);
      for (let r = 0; r < 32; r++) {
        const input = row(ids, r, seq);
        const size = (input[1] ?? 0) - LEN0;
        sizes[size] = (sizes[size] ?? 0) + 1;
        for (const id of input.slice(2, 2 * size + 3)) {
          if (id < M) values[id] = (values[id] ?? 0) + 1;
          else ops[id - M] = (ops[id - M] ?? 0) + 1;
        }
      }
    }
    // 99.9% quantiles of chi-square with 4, 22 and 2 degrees of freedom
    expect(chiSquare(sizes.subarray(1))).toBeLessThan(18.5);
    expect(chiSquare(values)).toBeLessThan(48.3);
    expect(chiSquare(ops)).toBeLessThan(13.9);
  });

  it('have the value of the brute force at every size', () => {
    let state = 1;
    const next = (below: number) => {
      state = (state * 48271) % 2147483647; // any sequence will do here
      return state % below;
    };
    for (let size = 0; size <= 30; size++) {
      const e = randomExpression(size, M, OPS, next);
      const symbols = prefix(e);
      expect(symbols).toHaveLength(2 * size + 1);
      expect(evaluate(e, M)).toBe(bruteForce(symbols, M));
      expect(work(symbols, M)?.value).toBe(bruteForce(symbols, M));
    }
  });

  it('follow the prefix rule of the papers', () => {
    // Part 4.1: + * a b - c d is (a*b) + (c-d); Ouro: + * a b c is (a*b) + c
    expect(work(['+', '*', 3, 4, '-', 10, 6], M)?.value).toBe(16);
    expect(work(['+', '*', 3, 4, 5], M)?.value).toBe(17);
    expect(work(['-', 3, 4], M)?.value).toBe(22);
    expect(work(['+', 3], M)).toBeUndefined();
    expect(work([3, 4], M)).toBeUndefined();
  });
});

describe('chain of thought', () => {
  it('lists each operator once its operands are read', () => {
    const task = mano({ maxOps: 3 });
    const ids = [BOS, LEN0 + 3, 23, 25, 3, 4, 24, 10, 6, ANS]; // + * 3 4 - 10 6
    expect(task.chain?.(ids)).toEqual([
      { problem: 0, position: 5, token: 12, text: '3 * 4 = 12' },
      { problem: 0, position: 8, token: 4, text: '10 - 6 = 4' },
      { problem: 0, position: 8, token: 16, text: '12 + 4 = 16' },
    ]);
  });

  it('ends in the answer of each problem, padded or packed', () => {
    const check = (task: ReturnType<typeof mano>, batch: TaskBatch) => {
      for (let r = 0; r < batch.batch; r++) {
        const input = row(batch.ids, r, batch.seq);
        const chain = task.chain?.(input) ?? [];
        const answers = input.flatMap((id, t) =>
          task.decode([id]) === '<ans>' ? [batch.targets[r * batch.seq + t]] : [],
        );
        const last = new Map(chain.map((step) => [step.problem, step.token]));
        expect([...last.values()]).toEqual(answers);
      }
    };
    const padded = mano({ maxOps: 6, opTokens: 'double' });
    check(padded, padded.train(0, 0, 16));
    const packed = mano({ maxOps: 6, packing: 'open', seq: 100, lengthToken: false });
    check(packed, packed.train(0, 0, 16));
  });
});

describe('the stream', () => {
  const task = mano({ maxOps: 5 });
  it('is a pure function of seed and step, row by row', () => {
    const first = task.train(1, 2, 4);
    expect(task.train(1, 2, 4)).toEqual(first);
    expect(task.train(1, 2, 2).ids).toEqual(first.ids.subarray(0, 2 * task.seq));
    expect(task.train(1, 3, 4).ids).not.toEqual(first.ids);
    expect(task.validation(1, 2).ids).toEqual(task.validation(0, 4).ids.subarray(2 * task.seq));
  });
  it('is described by its config', () => {
    expect(JSON.parse(JSON.stringify(task.config))).toEqual({
      name: 'mano',
      modulus: 23,
      maxOps: 5,
      validationOps: 5,
      longestOps: 5,
      ops: ['+', '-', '*'],
      opTokens: 'single',
      lengthToken: true,
      answerToken: 'plain',
      loss: 'answer',
      packing: 'none',
      seq: 14,
      validationSeed: 0,
    });
  });
});

it.each([
  [{ modulus: 1 }, 'modulus must be >= 2 (got 1)'],
  [{ maxOps: 0 }, 'maxOps must be >= 1 (got 0)'],
  [
    { maxOps: 3, validationOps: 5, longestOps: 4 },
    'longestOps must be >= maxOps = 3 and validationOps = 5 (got 4); raise it',
  ],
  [{ maxOps: 10, seq: 10 }, 'seq must be >= 24 to hold a problem of 10 operators (got 10)'],
  [{ ops: [] }, 'ops must name at least one operator'],
  [{ ops: ['+', '+'] }, 'ops must not repeat an operator'],
  [{ ops: ['/'] }, "must be one of '+', '-', '*' (got \"/\"); set task.ops.0"],
  [{ loss: 'last' }, `loss must be one of 'answer', 'all' (got "last"); set task.loss`],
])('refuses %j', (options, message) => {
  expect(() => mano(options as object)).toThrow(message);
});

function leftSize(symbols: (string | number)[]): number {
  let open = 1; // expressions still to be read
  let ops = 0;
  for (let at = 1; open > 0; at++) {
    const isOp = typeof symbols[at] === 'string';
    open += isOp ? 1 : -1;
    ops += isOp ? 1 : 0;
  }
  return ops;
}

function chiSquare(counts: Float64Array): number {
  const expected = counts.reduce((a, b) => a + b) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}
