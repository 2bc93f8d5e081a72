// Small finite groups as multiplication tables: symmetric, alternating and cyclic.
import { TaskError } from './task.ts';

/** A finite group on the elements `0..order-1`. */
export interface Group {
  readonly name: string;
  readonly order: number;
  readonly identity: number;
  /** How each element is written: cycles for permutations, residues for cyclic groups. */
  readonly labels: readonly string[];
  /** The product `a · b`. For permutations: first `a`, then `b`. */
  multiply(a: number, b: number): number;
  /** The permutation of `0..n-1` that element `a` stands for (a shift, for cyclic groups). */
  permutation(a: number): readonly number[];
}

const MAX_ORDER = 1024;

/**
 * `S3`, `S4`, `S5`, … (all permutations), `A4`, `A5`, … (the even ones), `Z2`, `Z5`, … (addition modulo n).
 * S_n (n >= 5) and A_n (n >= 5) are not solvable, so their word problem is complete for NC1 (Barrington 1989); Z_n's is not.
 */
export function groupByName(name: string): Group {
  const match = /^([SAZ])(\d{1,4})$/.exec(name);
  const n = Number(match?.[2]);
  if (match === null || n < 1)
    throw new TaskError(`group must be S, A or Z and a number, such as S3, A5 or Z7 (got ${name})`);
  const kind = match[1];
  const order = kind === 'Z' ? n : kind === 'S' ? factorial(n) : Math.max(1, factorial(n) / 2);
  if (order > MAX_ORDER || order < 2) {
    throw new TaskError(
      `group ${name} has ${order} elements; between 2 and ${MAX_ORDER} are possible: choose a ${order < 2 ? 'larger' : 'smaller'} one`,
    );
  }
  return kind === 'Z' ? cyclic(n) : permutations(name, n, kind === 'A');
}

function cyclic(n: number): Group {
  return {
    name: `Z${n}`,
    order: n,
    identity: 0,
    labels: Array.from({ length: n }, (_, a) => String(a)),
    multiply: (a, b) => (a + b) % n,
    permutation: (a) => Array.from({ length: n }, (_, i) => (i + a) % n),
  };
}

function permutations(name: string, n: number, evenOnly: boolean): Group {
  const elements = allPermutations(n).filter((p) => !evenOnly || isEven(p));
  const order = elements.length;
  const rank = new Map(elements.map((p, index) => [p.join(), index]));
  const table = new Uint16Array(order * order);
  elements.forEach((a, i) => {
    elements.forEach((b, j) => {
      // closed under products, so the rank exists
      table[i * order + j] = rank.get(a.map((image) => b[image]).join()) ?? 0;
    });
  });
  return {
    name,
    order,
    identity: 0, // lexicographic order begins with the identity
    labels: elements.map(cycles),
    multiply: (a, b) => table[a * order + b] ?? 0,
    permutation: (a) => elements[a] ?? [],
  };
}

/** All permutations of `0..n-1` in lexicographic order. */
function allPermutations(n: number): number[][] {
  if (n === 0) return [[]];
  const rest = allPermutations(n - 1);
  return Array.from({ length: n }, (_, first) =>
    rest.map((tail) => [first, ...tail.map((x) => (x >= first ? x + 1 : x))]),
  ).flat();
}

function isEven(p: readonly number[]): boolean {
  const inversions = p.reduce((sum, x, i) => sum + p.slice(i + 1).filter((y) => y < x).length, 0);
  return inversions % 2 === 0;
}

/** Cycle notation on `1..n`, fixed points left out: `(1 2 3)`; the identity is `e`. */
function cycles(p: readonly number[]): string {
  const seen = new Set<number>();
  let text = '';
  for (const start of p.keys()) {
    const cycle: number[] = [];
    for (let at = start; !seen.has(at); at = p[at] ?? start) {
      seen.add(at);
      cycle.push(at + 1);
    }
    if (cycle.length > 1) text += `(${cycle.join(' ')})`;
  }
  return text === '' ? 'e' : text;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
