// Paths through a plane: what is drawn of them, in which order, and what cannot be drawn.
import { from } from 'arquero';
import * as vegaLite from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { renderSvg } from '../render.ts';
import { type TrajectoriesOptions, trajectories } from './trajectories.ts';

// a square, its corners not in the order in which they are passed
const mean = from([
  { loop: 3, a: 0, b: 1 },
  { loop: 0, a: 0, b: 0 },
  { loop: 2, a: 1, b: 1 },
  { loop: 1, a: 1, b: 0 },
]);
const options: TrajectoriesOptions = {
  ...{ id: 'x', title: 'X', caption: 'States' },
  x: { field: 'a', title: 'PC 1' },
  y: { field: 'b', title: 'PC 2' },
  step: { field: 'loop', title: 'Loop' },
};
const singles = (answers: readonly string[]) => ({
  table: from(
    answers.flatMap((answer, path) => [0, 1, 2, 3].map((loop) => ({ path, answer, loop, a: loop, b: path }))),
  ),
  ...{ path: 'path', group: 'answer' },
});

interface Layer {
  readonly data: { readonly values: readonly Readonly<Record<string, unknown>>[] };
  readonly mark: { readonly type: string; readonly style: string };
}
const layersOf = (o: TrajectoriesOptions): readonly Layer[] =>
  (trajectories(mean, o).spec as unknown as { layer: Layer[] }).layer; // a layered unit
const stepsOf = (layers: readonly Layer[], type: string, style: string): unknown[] =>
  layers.filter((l) => l.mark.type === type && l.mark.style === style).flatMap((l) => l.data.values.map((r) => r.step));

describe('trajectories', () => {
  it('draws the mean in the order of its steps, dashed beyond the trained depth from there on, every point numbered', () => {
    const layers = layersOf({ ...options, solidTo: 2 });
    expect(stepsOf(layers, 'line', 'meanPath')).toEqual([0, 1, 2]);
    expect(stepsOf(layers, 'line', 'pathBeyond')).toEqual([2, 3]);
    expect(stepsOf(layers, 'point', 'meanPath')).toEqual([0, 1, 2]);
    expect(stepsOf(layers, 'point', 'pointBeyond')).toEqual([3]);
    const names = layers.filter((l) => l.mark.type === 'text').flatMap((l) => l.data.values.map((r) => r.name));
    expect(names.sort()).toEqual(['0', '1', '2', '3']);
    expect(stepsOf(layersOf(options), 'line', 'pathBeyond')).toEqual([]);
  });

  it('colours single paths where groups are few, with a dot at the trained depth', () => {
    const few = trajectories(mean, { ...options, solidTo: 2, single: singles(['e', 'f', 'e']) });
    expect(few.legend?.map((l) => l.name)).toEqual(['e', 'f']);
    const layers = layersOf({ ...options, solidTo: 2, single: singles(['e', 'f', 'e']) });
    expect(stepsOf(layers, 'point', 'seed')).toEqual([2, 2, 2]);
    const many = trajectories(mean, { ...options, single: singles(Array.from('abcdefgh')) });
    expect(many.legend).toBeUndefined();
    expect(stepsOf(layersOf({ ...options, single: singles(Array.from('abcdefgh')) }), 'point', 'others')).toHaveLength(
      8,
    );
  });

  it('compiles and draws without a warning, with and without single paths', async () => {
    const warnings: unknown[] = [];
    const note = (...args: unknown[]) => {
      warnings.push(args);
      return logger;
    };
    const logger = { warn: note, error: note, info: () => logger, debug: () => logger, level: () => logger };
    for (const single of [undefined, singles(['e', 'f'])]) {
      const { spec } = trajectories(mean, { ...options, solidTo: 2, ...(single ? { single } : {}) });
      vegaLite.compile(spec, { logger: logger as never }); // its type asks for overloads that are never called
      expect(await renderSvg(spec, { theme: 'paper' })).not.toMatch(/NaN|undefined/);
    }
    expect(warnings).toEqual([]);
  });

  it('says where the path begins and ends, and which points have no number', () => {
    expect(trajectories(mean, options).alt).toContain('from (0, 0) at Loop 0 to (0, 1) at Loop 3');
    const still = from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((loop) => ({ loop, a: 1, b: 1 })));
    expect(trajectories(still, options).caption).toMatch(/^States\. Not numbered for lack of room: (\d, )+9\.$/);
  });

  it('names what is missing', () => {
    expect(() => trajectories(mean.rename({ b: 'c' }), options)).toThrow('the table has no column b');
    expect(() => trajectories(mean.derive({ b: '() => NaN' }), options)).toThrow(
      'chart x: no row has a finite a and b',
    );
  });
});
