// Pytrees: nested arrays and plain objects with leaves, flattened in a fixed order (sorted keys) as jax.tree does.

/** A nested structure of arrays and plain objects whose leaves are `T`. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The shape of a tree without its leaves; `treeUnflatten` puts leaves back. */
export type TreeDef =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'array'; readonly items: readonly TreeDef[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly items: readonly TreeDef[] };

const LEAF: TreeDef = { kind: 'leaf' };

function isPlainObject(x: unknown): x is Record<string, unknown> {
  if (typeof x !== 'object' || x === null) return false;
  const proto: unknown = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
}

function walk(x: unknown, path: string, leaf: (x: unknown, path: string) => void): TreeDef {
  if (Array.isArray(x)) {
    return { kind: 'array', items: x.map((y, i) => walk(y, `${path}[${i}]`, leaf)) };
  }
  if (isPlainObject(x)) {
    const keys = Object.keys(x).sort();
    return { kind: 'object', keys, items: keys.map((k) => walk(x[k], path === '' ? k : `${path}.${k}`, leaf)) };
  }
  leaf(x, path);
  return LEAF;
}

/** Leaves in order, with the structure needed to rebuild the tree. Tensors, numbers, strings, null are all leaves. */
export function treeFlatten(tree: unknown): { leaves: unknown[]; def: TreeDef } {
  const leaves: unknown[] = [];
  const def = walk(tree, '', (x) => leaves.push(x));
  return { leaves, def };
}

/** Puts `leaves` back into the structure `def`. Throws if there are too few or too many. */
export function treeUnflatten(def: TreeDef, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (d: TreeDef): unknown => {
    if (d.kind === 'leaf') {
      if (next >= leaves.length)
        throw new Error(`treeUnflatten: the structure needs more than ${leaves.length} leaves`);
      return leaves[next++];
    }
    if (d.kind === 'array') return d.items.map(build);
    return Object.fromEntries(d.keys.map((k, i) => [k, build(d.items[i] ?? LEAF)]));
  };
  const out = build(def);
  if (next !== leaves.length)
    throw new Error(`treeUnflatten: ${leaves.length} leaves given, the structure takes ${next}`);
  return out;
}

/** The leaves of a tree, in the order of `treeFlatten`. */
export function treeLeaves(tree: unknown): unknown[] {
  return treeFlatten(tree).leaves;
}

/** A readable path (`a.b[0]`) for every leaf, in the order of `treeFlatten`. */
export function treePaths(tree: unknown): string[] {
  const paths: string[] = [];
  walk(tree, '', (_, path) => paths.push(path));
  return paths;
}
