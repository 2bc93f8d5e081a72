// A linear probe: how well a label can be read off states, cross-validated, against a control task.
import { fold, type Key, permutation, uniform } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { clusteredShare } from '../statistics/clustered.ts';
import type { Estimate } from '../statistics/interval.ts';
import { type Features, pickRows, scalingOf, standardise } from './features.ts';
import { fitLogistic } from './logistic.ts';
import { classify, type Decomposed, decompose, fitRidge } from './ridge.ts';

export type ProbeKind = 'ridge' | 'logistic';

/** The training and test side of each fold, decomposed once so that many labels can be probed. */
export interface ProbeSet {
  readonly kind: ProbeKind;
  readonly n: number;
  /** Samples of one group depend on each other. */
  readonly groups: ArrayLike<number>;
  readonly folds: readonly {
    readonly train: readonly number[];
    readonly test: readonly number[];
    readonly design: Decomposed;
    readonly testX: Features;
  }[];
}

/**
 * Prepares cross-validated probes of `x`.
 * @param x states, one row a sample
 * @param foldOf as from `foldsOf`
 * @param options.groups as for `foldsOf`; default a group a sample
 */
export function probeSet(
  x: Features,
  foldOf: Int32Array,
  options: { readonly kind?: ProbeKind; readonly groups?: ArrayLike<number> } = {},
): ProbeSet {
  const { kind = 'ridge', groups = Int32Array.from(foldOf.keys()) } = options;
  const count = Math.max(...foldOf) + 1;
  const folds = Array.from({ length: count }, (_, f) => {
    const train: number[] = [];
    const test: number[] = [];
    for (let i = 0; i < x.n; i++) (foldOf[i] === f ? test : train).push(i);
    const trainX = pickRows(x, train);
    const scaling = scalingOf(trainX);
    const ready = standardise(trainX, scaling);
    const design = kind === 'ridge' ? decompose(ready) : { x: ready, left: EMPTY, right: EMPTY, singular: EMPTY }; // logistic needs the rows only
    return { train, test, design, testX: standardise(pickRows(x, test), scaling) };
  });
  return { kind, n: x.n, groups, folds };
}

const EMPTY = new Float64Array(0);

export interface ProbeResult {
  /** Share of held-out samples whose label is read off right, with Wilson's interval over groups (`clusteredShare`). */
  readonly accuracy: Estimate;
  /** Share of the commonest label: what a probe that sees nothing reaches. */
  readonly majority: number;
  readonly classes: number;
}

/**
 * Cross-validated accuracy of reading `labels` off the states: every sample is judged by the probe that did not see it.
 * @param labels any whole numbers, one a sample
 * @throws AnalysisError where all labels are equal
 */
export function probe(set: ProbeSet, labels: ArrayLike<number>): ProbeResult {
  if (labels.length !== set.n)
    throw new AnalysisError(`a probe needs one label a sample (got ${labels.length} labels for ${set.n} samples)`);
  const names = [...new Set(Array.from(labels))];
  if (names.length < 2)
    throw new AnalysisError(
      `all ${set.n} samples have the label ${names[0]}; a probe needs at least two classes: use more rows or another value`,
    );
  const index = new Map(names.map((name, i) => [name, i]));
  const y = Int32Array.from(labels, (label) => index.get(label) ?? 0);
  const hits = new Uint8Array(set.n);
  for (const { train, test, design, testX } of set.folds) {
    const trainY = Int32Array.from(train, (i) => y[i] ?? 0);
    const fit =
      set.kind === 'ridge' ? fitRidge(design, trainY, names.length) : fitLogistic(design.x, trainY, names.length);
    const said = classify(fit, testX);
    for (const [k, i] of test.entries()) if (said[k] === y[i]) hits[i] = 1;
  }
  const counts = new Int32Array(names.length);
  for (const c of y) counts[c] = (counts[c] ?? 0) + 1;
  return { accuracy: clusteredShare(hits, set.groups), majority: Math.max(...counts) / set.n, classes: names.length };
}

/**
 * The labels of a control task (Hewitt & Liang, EMNLP 2019): every type gets one random label, in shares as near to the
 * labels' own as the types allow. A probe can only succeed on them by memorising types, so `accuracy - control
 * accuracy`, the selectivity, tells what the states hold.
 * @param types one whole number a sample, such as the symbol that was read there
 */
export function controlLabels(types: ArrayLike<number>, labels: ArrayLike<number>, key: Key): Int32Array {
  const sizes = new Map<number, number>();
  for (const type of Array.from(types)) sizes.set(type, (sizes.get(type) ?? 0) + 1);
  const left = new Map<number, number>(); // samples of each label still to be given
  for (const label of Array.from(labels)) left.set(label, (left.get(label) ?? 0) + 1);
  const distinct = [...sizes.keys()].sort((a, b) => a - b);
  const order = permutation(fold(key, 'order'), distinct.length);
  const chance = uniform(fold(key, 'labels'), distinct.length);
  const given = new Map<number, number>();
  for (const [i, at] of order.entries()) {
    const type = distinct[at] ?? 0;
    const open = [...left].filter(([, n]) => n > 0);
    let u = (chance[i] ?? 0) * open.reduce((s, [, n]) => s + n, 0);
    let label = open[0]?.[0] ?? labels[0] ?? 0;
    for (const [name, n] of open) {
      label = name;
      u -= n;
      if (u < 0) break;
    }
    given.set(type, label);
    left.set(label, (left.get(label) ?? 0) - (sizes.get(type) ?? 0));
  }
  return Int32Array.from(types, (type) => given.get(type) ?? 0);
}
