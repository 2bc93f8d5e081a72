// Charts of tables as analyses write them: what is left out of them, and that they can be drawn.
import { describe, expect, it } from 'vitest';
import { renderSvg } from '../render.ts';
import { analysisCharts, isoFlopCurves } from './analysisCharts.ts';
import type { AnalysisRecord } from './readAnalyses.ts';

const isoFlop = [1, 2].flatMap((T) =>
  [1e10, 1e11].flatMap((budget) =>
    [1, 2, 4, 8].map((n) => ({ budget, T, N: 1000 * n, D: budget / n, loss: T + (n - 2) ** 2, best: n === 2 })),
  ),
);
const record = (id: string, tables: AnalysisRecord['tables']): AnalysisRecord => ({
  ...{ id, title: id, columns: {}, notes: [], tables },
});

describe('isoFlopCurves', () => {
  it('keeps the fewest loops and what is near the lowest loss', () => {
    const near = isoFlopCurves(isoFlop.map((r) => ({ ...r, loss: r.T + 0.1 * (r.N / 1000 - 2) ** 2 })));
    expect(near.map((r) => [r.budget, r.N])).toEqual(
      ['1e10 FLOPs', '1e11 FLOPs'].flatMap((b) => [1000, 2000, 4000].map((n) => [b, n])),
    );
  });
});

describe('analysisCharts', () => {
  it('draws what is known of a person at the loop that knows most, and what an answer costs', async () => {
    const attributes = [1, 2, 3].flatMap((loop) =>
      ['name', 'city'].map((attribute) => ({ loop, attribute, bitsPerPerson: loop === 2 ? 4 : -9, maxPerPerson: 5 })),
    );
    const cost = [1, 2].map((loops) => ({ way: 'latent', loops, flops: loops, milliseconds: null, accuracy: 1 / 3 }));
    const charts = analysisCharts([record('capacity', { attributes }), record('cotBaseline', { cost })]);
    expect(charts[0]?.caption).toContain('read after loop 2');
    expect(charts[1]?.caption).toContain('against the counted FLOPs');
    const drawn = await Promise.all(charts.map((c) => renderSvg(c.spec)));
    expect(drawn[1]).toContain('>1 loop<');
  });

  it('draws the path of the states with their shares of the variance, and how far they move', async () => {
    const loops = [0, 1, 2, 3, 4];
    const at = (loop: number, i: number) => ({ pc1: loop + i, pc2: loop * i, pc3: 0 });
    const tables = {
      variance: [0.5, 0.25, 0.1].map((share, c) => ({ component: c + 1, share })),
      paths: ['e', 'f'].flatMap((answer, i) => loops.map((loop) => ({ instance: i, loop, answer, ...at(loop, i) }))),
      meanPath: loops.map((loop) => ({ loop, ...at(loop, 0.5) })),
      movement: ['norm', 'step', 'relative step', 'cosine', 'to end', 'entropy'].flatMap((quantity) =>
        loops.map((loop) => ({ loop, trained: loop <= 2, quantity, value: loop / 4, lo: loop / 5, hi: loop / 3 })),
      ),
    };
    const charts = analysisCharts([record('geometry', tables)]);
    expect(charts.map((c) => c.id)).toEqual(['state-paths', 'state-norms', 'movement']);
    const [paths = '', norms = ''] = await Promise.all(charts.map((c) => renderSvg(c.spec)));
    expect(paths).toContain('PC 1 (50.0% of the variance)');
    expect(charts[0]?.legend?.map((l) => l.name)).toEqual(['e', 'f']);
    const dashed = JSON.stringify(charts[0]?.spec).match(
      /"values":(\[[^\]]*\])\},"mark":\{"type":"line","style":"pathBeyond"/,
    );
    expect(JSON.parse(dashed?.[1] ?? '[]').map((p: { step: number }) => p.step)).toEqual([2, 3, 4]); // trained with 2
    for (const quantity of ['norm', 'step', 'to end']) expect(norms).toContain(`>${quantity}`);
    expect(norms).not.toContain('entropy');
  });

  it('draws probes inside loops, and a scaling law', async () => {
    const layers = [1, 2, 3, 4].map((computed) => ({
      ...{ target: 'answer', site: 'answer', loop: Math.ceil(computed / 2), layer: 2 - (computed % 2), computed },
      ...{ accuracy: computed / 4, lo: 0, hi: 1, majority: 0.2, selectivity: 0 },
    }));
    const runs = isoFlop.map(({ N, D, T, loss }) => ({ N, D, T, seed: 0, loss, predicted: loss + 0.1 }));
    const charts = analysisCharts([record('probes', { layers }), record('scaling', { runs, isoFlop })]);
    expect(charts.map((c) => c.id)).toEqual(['probes-layers', 'scaling-predicted', 'scaling-isoflop']);
    for (const chart of charts) expect(await renderSvg(chart.spec)).toContain('<svg');
    expect(charts[0]?.caption).toContain('a loop has 2 layers');
  });
});
