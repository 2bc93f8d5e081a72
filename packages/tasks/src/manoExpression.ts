// Random prefix expressions of modular arithmetic, their values and the steps that lead there.

export type Op = '+' | '-' | '*';

/** A value, or an operator on two expressions. */
export type Expression = number | { readonly op: Op; readonly left: Expression; readonly right: Expression };

/**
 * An expression of exactly `size` operators, so `size + 1` values. The left part gets `U{0..size-1}` operators and the right one
 * the rest (Allen-Zhu, Physics of Language Models 4.1, Mano; Ouro B.2). This is not uniform over the shapes of trees.
 * @param next gives the next random whole number below its argument
 */
export function randomExpression(
  size: number,
  modulus: number,
  ops: readonly Op[],
  next: (below: number) => number,
): Expression {
  if (size === 0) return next(modulus);
  const op = ops[next(ops.length)] ?? '+'; // next stays below its argument
  const leftSize = next(size);
  const left = randomExpression(leftSize, modulus, ops, next);
  return { op, left, right: randomExpression(size - 1 - leftSize, modulus, ops, next) };
}

/** `a op b` modulo `modulus`, in `0..modulus-1`. */
export function apply(op: Op, a: number, b: number, modulus: number): number {
  const value = op === '+' ? a + b : op === '-' ? a - b : a * b;
  return ((value % modulus) + modulus) % modulus;
}

/** What an expression is worth modulo `modulus`. */
export function evaluate(e: Expression, modulus: number): number {
  return typeof e === 'number' ? e : apply(e.op, evaluate(e.left, modulus), evaluate(e.right, modulus), modulus);
}

/** The symbols of an expression in prefix order: operator, left, right. */
export function prefix(e: Expression): (Op | number)[] {
  return typeof e === 'number' ? [e] : [e.op, ...prefix(e.left), ...prefix(e.right)];
}

/** One operator applied, and where in the prefix form its last operand stands. */
export interface Step {
  readonly op: Op;
  readonly a: number;
  readonly b: number;
  readonly value: number;
  readonly end: number;
}

/**
 * Evaluates a prefix form and lists each operator's result in evaluation order: left, right, then the operator.
 * @returns undefined where `symbols` is not one whole expression
 */
export function work(symbols: readonly (Op | number)[], modulus: number): { value: number; steps: Step[] } | undefined {
  const steps: Step[] = [];
  let at = 0;
  const read = (): number | undefined => {
    const symbol = symbols[at++];
    if (symbol === undefined || typeof symbol === 'number') return symbol;
    const a = read();
    const b = a === undefined ? undefined : read();
    if (a === undefined || b === undefined) return undefined;
    const value = apply(symbol, a, b, modulus);
    steps.push({ op: symbol, a, b, value, end: at - 1 });
    return value;
  };
  const value = read();
  return value === undefined || at !== symbols.length ? undefined : { value, steps };
}
