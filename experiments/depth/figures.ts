// Accuracy and loss by loop, accuracy by loop and word length, what the gate spends, and the path of the states.
import { defineFigure, lineChart, smallMultiples, trajectories } from '@looplab/figures';
import { from } from 'arquero';

type Row = Readonly<Record<string, number>>;
type MeanPath = Readonly<Record<'seed' | 'loop' | 'pc1' | 'pc2', number>>;
type Shares = Readonly<Record<'share1' | 'share2', number>>;

/** What is drawn, where there is one line. */
const series = 'LoopLM 1×4';

export default [
  defineFigure({
    id: 'accuracy-by-loop',
    inputs: ['data/depth-loops.csv'],
    table: (inputs) => inputs.table('data/depth-loops.csv').derive({ series: () => 'LoopLM 1×4' }),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-loop',
        title: 'Accuracy by loop, up to twice the trained depth of four',
        caption: 'Share of right answers on 8192 held-out words over S3, read after each loop',
        x: { field: 'loop', title: 'Loops (trained with 4)' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        reference: { at: 1 / 6, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'loss-and-exits',
    inputs: ['data/depth-loops.csv', 'data/depth-exits.csv'],
    table: (inputs) =>
      from([
        ...(inputs.table('data/depth-loops.csv').objects() as Row[]).map((r) => ({
          ...{ quantity: 'loss', series, seed: r.seed, loop: r.loop, value: r.loss },
        })),
        ...(inputs.table('data/depth-exits.csv').objects() as Row[]).map((r) => ({
          ...{ quantity: 'exit probability', series, seed: r.seed, loop: r.loop, value: r.probability },
        })),
      ]),
    chart: (table) => {
      const loss = lineChart(
        table.filter((d: { quantity: string }) => d.quantity === 'loss'),
        {
          ...{ id: 'loss', title: 'Loss', caption: 'Held-out loss', series: 'series' },
          x: { field: 'loop', title: 'Loops (trained with 4)' },
          y: { field: 'value', title: 'Held-out loss, nats a token', domain: [0, 2.5] },
        },
      );
      const exits = lineChart(
        table.filter((d: { quantity: string }) => d.quantity === 'exit probability'),
        {
          ...{ id: 'exits', title: 'Exits', caption: 'Exit distribution', series: 'series' },
          x: { field: 'loop', title: 'Loop' },
          y: { field: 'value', title: 'Probability of stopping', share: true },
        },
      );
      const panels = [
        { title: 'Loss after each loop', chart: loss },
        { title: 'When the gate stops', chart: exits },
      ];
      return smallMultiples(panels, {
        id: 'loss-and-exits',
        title: 'Loss by loop, and the exit distribution that was learned',
        caption:
          'On 8192 held-out words over S3: cross-entropy when read after each loop (guessing: 1.79), and mean probability that the gate stops after it; mean and 95% t interval over 3 seeds.',
      });
    },
    height: 160,
  }),
  defineFigure({
    id: 'accuracy-by-length',
    inputs: ['data/depth-difficulty.csv'],
    table: (inputs) =>
      inputs
        .table('data/depth-difficulty.csv')
        .filter((d: { loop: number }) => d.loop <= 5 || d.loop === 8)
        .derive({ series: (d: { loop: number }) => (d.loop === 1 ? '1 loop' : `${d.loop} loops`) }),
    chart: (table) =>
      lineChart(table, {
        id: 'accuracy-by-length',
        title: 'Each loop reaches longer words',
        caption: 'Share of right answers by the number of factors in the product, read after 1 to 8 loops',
        x: { field: 'steps', title: 'Factors in the word' },
        y: { field: 'accuracy', title: 'Held-out accuracy', share: true },
        series: 'series',
        order: ['1 loop', '2 loops', '3 loops', '4 loops', '5 loops', '8 loops'],
        reference: { at: 1 / 6, name: 'guessing' },
      }),
  }),
  defineFigure({
    id: 'loops-by-length',
    inputs: ['data/depth-depthByDifficulty.csv'],
    table: (inputs) =>
      from(
        (inputs.table('data/depth-depthByDifficulty.csv').objects() as Row[]).flatMap((r) => [
          { seed: r.seed, steps: r.steps, series: 'spent by the gate', loops: r.expectedLoops },
          { seed: r.seed, steps: r.steps, series: 'needed', loops: r.firstRight },
        ]),
      ),
    chart: (table) =>
      lineChart(table, {
        id: 'loops-by-length',
        title: 'Loops that words need, and loops that the gate spends on them',
        caption:
          'Needed: mean of the first loop from which an answer stays right, of those right at the end; spent: mean of the exit distribution',
        x: { field: 'steps', title: 'Factors in the word' },
        y: { field: 'loops', title: 'Loops' },
        series: 'series',
      }),
  }),
  defineFigure({
    id: 'state-paths',
    inputs: ['data/geometry-meanPath.csv', 'data/geometry-variance.csv'],
    table: (inputs) => {
      const shares = inputs.table('data/geometry-variance.csv').objects() as Row[];
      const shareOf = (seed: number, component: number): number =>
        shares.find((r) => r.seed === seed && r.component === component)?.share ?? Number.NaN;
      return from(
        (inputs.table('data/geometry-meanPath.csv').objects() as MeanPath[])
          .map(({ seed, loop, pc1, pc2 }) => ({
            ...{ seed, loop, pc1, pc2 },
            ...{ share1: shareOf(seed, 1), share2: shareOf(seed, 2) },
          }))
          .sort((a, b) => a.seed - b.seed),
      );
    },
    chart: (table, { width, height }) => {
      const seeds = [...Map.groupBy(table.objects() as (MeanPath & Shares)[], (r) => r.seed).entries()];
      const size = { width: width / seeds.length, height };
      const along = (component: number, share: number): string =>
        `PC ${component}, ${Math.round(100 * share)}% of variance`;
      const panels = seeds.map(([seed, rows]) => ({
        title: `Seed ${seed}`,
        chart: trajectories(from(rows), {
          ...{ id: `state-path-${seed}`, title: `Seed ${seed}`, caption: 'Mean path', size },
          x: { field: 'pc1', title: along(1, rows[0]?.share1 ?? Number.NaN) },
          y: { field: 'pc2', title: along(2, rows[0]?.share2 ?? Number.NaN) },
          step: { field: 'loop', title: 'Loop' },
          solidTo: 4,
        }),
      }));
      return smallMultiples(panels, {
        id: 'state-paths',
        title: 'The path of the mean state over the loops',
        caption:
          'Mean over 512 held-out answers along the first two principal components of the states of all loops, with their shares of the variance; each seed has components of its own. Numbers: loops, 0 before the first; dashed: beyond the trained depth of 4.',
      });
    },
    height: 175,
  }),
];
