// Which charts show the tables of which analysis.
import { type ColumnTable, from } from 'arquero';
import type { Chart } from '../chart.ts';
import { heatMap } from '../charts/heatMap.ts';
import { lineChart } from '../charts/lineChart.ts';
import { percent } from '../charts/perLoop.ts';
import { reliability } from '../charts/reliability.ts';
import { scatter } from '../charts/scatter.ts';
import { trajectories } from '../charts/trajectories.ts';
import { FiguresError } from '../run.ts';
import type { AnalysisRecord } from './readAnalyses.ts';

type Rows = AnalysisRecord['tables'][string];

/** One table of an analysis as a chart; `undefined` where the table has nothing to draw. */
interface Drawing {
  readonly analysis: string;
  readonly table: string;
  /** @param tables all of the analysis */
  draw(table: ColumnTable, rows: Rows, tables: AnalysisRecord['tables']): Chart;
}

const held = 'on held-out problems';
const interval = 'band: 95% bootstrap over rows of this run';

const drawings: readonly Drawing[] = [
  {
    analysis: 'depth',
    table: 'loops',
    draw: (table) =>
      lineChart(table.derive({ series: '() => "this run"' }), {
        id: 'depth-accuracy',
        title: 'Accuracy by loop, beyond the trained depth',
        caption: `Share of right answers ${held} when the model is read after each loop; ${interval}`,
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'accuracy', title: 'Accuracy', share: true, lo: 'accuracyLo', hi: 'accuracyHi' },
        series: 'series',
      }),
  },
  {
    analysis: 'depth',
    table: 'difficulty',
    draw: (table, rows) =>
      lineChart(
        named(table, 'steps', (s) => `${s} ${s === 1 ? 'step' : 'steps'}`, few(rows, 'steps')),
        {
          id: 'depth-difficulty',
          title: 'Harder problems need more loops',
          caption: `Accuracy by loop for problems of so many chain steps; ${interval}`,
          x: { field: 'loop', title: 'Loop' },
          y: { field: 'accuracy', title: 'Accuracy', share: true, lo: 'lo', hi: 'hi' },
          series: 'steps',
        },
      ),
  },
  {
    analysis: 'agreement',
    table: 'agreement',
    draw: (_, rows) =>
      heatMap(from(rows.flatMap((r) => (r.i === r.j ? [r] : [r, { ...r, i: r.j ?? null, j: r.i ?? null }]))), {
        id: 'agreement',
        title: 'Agreement between loops',
        caption: 'Share of held-out tokens with the same likeliest symbol after loop i and loop j',
        x: { field: 'j', title: 'Loop j' },
        y: { field: 'i', title: 'Loop i' },
        value: { field: 'share', title: 'Agreement', share: true },
      }),
  },
  {
    analysis: 'agreement',
    table: 'decided',
    draw: (table) =>
      lineChart(table.derive({ series: '() => "decided"' }), {
        id: 'decided',
        title: 'By which loop answers are decided',
        caption: `Share of tokens whose answer is the final one from this loop on, at the latest; ${interval}`,
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'share', title: 'Decided', share: true, lo: 'lo', hi: 'hi' },
        series: 'series',
      }),
  },
  {
    analysis: 'probes',
    table: 'probes',
    draw: (table) =>
      heatMap(table.filter('d => d.site == "answer"'), {
        id: 'probes',
        title: 'What can be read off the state at the answer',
        caption:
          'Cross-validated accuracy of linear probes for each value of the chain and for the answer, after each loop',
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'target', title: 'Read off' },
        value: { field: 'accuracy', title: 'Accuracy', share: true },
        upwards: false,
      }),
  },
  {
    analysis: 'probes',
    table: 'probes',
    draw: (table) =>
      heatMap(table.filter('d => d.site == "answer" && d.selectivity != null'), {
        id: 'probes-selectivity',
        title: 'Selectivity of the probes',
        caption:
          'Accuracy minus that on a control task of random labels (Hewitt & Liang 2019): what the state says and the probe does not memorise',
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'target', title: 'Read off' },
        value: { field: 'selectivity', title: 'Selectivity', share: true },
        upwards: false,
      }),
  },
  {
    analysis: 'probes',
    table: 'layers',
    draw: (table, rows) => {
      const perLoop = Math.max(...rows.map((r) => Number(r.layer)));
      return heatMap(table.filter('d => d.site == "answer"'), {
        id: 'probes-layers',
        title: 'What can be read off inside the loops',
        caption: `Cross-validated accuracy of linear probes of the answer's place after each layer; a loop has ${perLoop} layers`,
        x: { field: 'computed', title: 'Layers computed' },
        y: { field: 'target', title: 'Read off' },
        value: { field: 'accuracy', title: 'Accuracy', share: true },
        upwards: false,
      });
    },
  },
  {
    analysis: 'alignment',
    table: 'decodability',
    draw: (table) =>
      heatMap(table, {
        id: 'alignment',
        title: 'When each step of the chain can be read off',
        caption: 'Normalised accuracy (0: guessing, 1: perfect) of the best probe for each chain step after each loop',
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Chain step' },
        value: { field: 'normalised', title: 'Read off', share: true },
      }),
  },
  {
    analysis: 'alignment',
    table: 'ckaLoops',
    draw: (_, rows) =>
      heatMap(from(rows.flatMap((r) => (r.i === r.j ? [r] : [r, { ...r, i: r.j ?? null, j: r.i ?? null }]))), {
        id: 'cka-loops',
        title: 'How alike the states of two loops are',
        caption: 'Debiased linear CKA of the states at the answer',
        x: { field: 'j', title: 'Loop j' },
        y: { field: 'i', title: 'Loop i' },
        value: { field: 'cka', title: 'CKA' },
        domain: [0, 1],
      }),
  },
  {
    analysis: 'interchange',
    table: 'interchange',
    draw: (table) =>
      heatMap(table.filter('d => d.site == "step" && d.follows != null'), {
        id: 'interchange',
        title: 'Does the answer follow a patched step?',
        caption:
          "Share of pairs whose answer becomes the other problem's when the state at a chain step's place is taken from it after this loop",
        x: { field: 'loop', title: 'Loop (0: before the first)' },
        y: { field: 'step', title: 'Chain step' },
        value: { field: 'follows', title: 'Follows', share: true },
      }),
  },
  {
    analysis: 'geometry',
    table: 'meanPath',
    draw: (table, _, { variance = [], paths = [], movement = [] }) => {
      const along = (component: number): string => {
        const share = Number(variance.find((r) => r.component === component)?.share);
        return `PC ${component} (${percent(share)} of the variance)`;
      };
      const trained = Math.max(...movement.map((r) => (r.trained === true ? Number(r.loop) : 0)));
      const shown = new Set(paths.map((r) => r.instance)).size;
      return trajectories(table, {
        id: 'state-paths',
        title: 'The path of the state over the loops',
        caption: `States ${held} along the first two principal components of all loops; thick: mean, with the number of the loop (0: before the first), dashed beyond the trained depth; thin: ${shown} problems, with a dot at the trained depth, coloured by the right answer where there are few`,
        x: { field: 'pc1', title: along(1) },
        y: { field: 'pc2', title: along(2) },
        step: { field: 'loop', title: 'Loop' },
        solidTo: trained,
        ...(paths.length > 0 ? { single: { table: from([...paths]), path: 'instance', group: 'answer' } } : {}),
      });
    },
  },
  {
    analysis: 'geometry',
    table: 'movement',
    draw: (table) =>
      lineChart(table.filter('d => d.quantity == "norm" || d.quantity == "step" || d.quantity == "to end"'), {
        id: 'state-norms',
        title: 'How long the state and its changes are',
        caption: `Norm of the state after each loop (0: before the first), length of the change in that loop, and distance to the state after the deepest; ${interval}`,
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'value', title: 'Length', lo: 'lo', hi: 'hi' },
        series: 'quantity',
      }),
  },
  {
    analysis: 'geometry',
    table: 'movement',
    draw: (table) =>
      // in the first loop the state leaves the small embeddings for the norm's scale
      lineChart(table.filter('d => (d.quantity == "relative step" || d.quantity == "cosine") && d.loop > 1'), {
        id: 'movement',
        title: 'How far the state moves in each loop',
        caption: `From the second loop on: length of the change over the norm before, and cosine of the states before and after; ${interval}`,
        x: { field: 'loop', title: 'Loop' },
        y: { field: 'value', title: 'Relative step, cosine', lo: 'lo', hi: 'hi' },
        series: 'quantity',
      }),
  },
  {
    analysis: 'earlyExit',
    table: 'points',
    draw: (table) =>
      lineChart(table.filter('d => d.ruleFront'), {
        id: 'early-exit',
        title: 'Accuracy against loops spent, rule by rule',
        caption: `Held-out accuracy at the mean number of loops that the thresholds of an exit rule lead to; ${interval}`,
        x: { field: 'loops', title: 'Mean loops', scale: 'continuous' },
        y: { field: 'accuracy', title: 'Accuracy', share: true, lo: 'lo', hi: 'hi' },
        series: 'rule',
      }),
  },
  {
    analysis: 'earlyExit',
    table: 'reliability',
    draw: (table, rows) =>
      reliability(
        named(
          table.filter('d => d.source == "gate" && d.event == "settled"'),
          'loop',
          (t) => `loop ${t}`,
          few(rows, 'loop'),
        ),
        {
          id: 'gate-reliability',
          title: 'Does the gate mean what it says?',
          caption:
            'Probability of stopping now, in ten bins, against how often the answer is settled: already that of the trained depth',
          bin: 'from',
          predicted: { field: 'predicted', title: 'Probability of the gate' },
          observed: { field: 'happened', title: 'Answers that are settled' },
          count: 'tokens',
          series: 'loop',
        },
      ),
  },
  {
    analysis: 'kvSharing',
    table: 'policies',
    draw: (table) =>
      scatter(table.filter('d => d.phase == "decode"'), {
        id: 'kv-sharing',
        title: 'What sharing keys and values costs',
        caption: 'Held-out accuracy of decoding against bytes of cache a token',
        x: { field: 'bytes', title: 'Cache bytes a token', log: true },
        y: { field: 'accuracy', title: 'Accuracy', share: true },
        point: 'policy',
        front: true,
      }),
  },
  {
    analysis: 'capacity',
    table: 'attributes',
    draw: (table, rows) => {
      const known = (loop: number): number =>
        rows.reduce((sum, r) => sum + (r.loop === loop ? Number(r.bitsPerPerson) : 0), 0);
      const best = rows.map((r) => Number(r.loop)).reduce((a, b) => (known(b) > known(a) ? b : a));
      return scatter(table.filter(`d => d.loop == ${best}`), {
        id: 'capacity-attributes',
        title: 'What is known of a person',
        caption: `Bits stored of each attribute, a person, read after loop ${best}, where most is known`,
        x: { field: 'maxPerPerson', title: 'Bits there are' },
        y: { field: 'bitsPerPerson', title: 'Bits stored' },
        point: 'attribute',
        slopes: [{ slope: 1, name: 'all there is' }],
      });
    },
  },
  {
    analysis: 'cotBaseline',
    table: 'cost',
    draw: (_, rows) => {
      const timed = rows.every((r) => r.milliseconds !== null);
      return scatter(
        from(
          rows.map((r) => ({
            ...r,
            name: r.way === 'written' ? 'written chain' : r.loops === 1 ? '1 loop' : `${r.loops} loops`,
          })),
        ),
        {
          id: 'cot-cost',
          title: 'What an answer costs, written and latent',
          caption: `Share of problems answered right, against ${timed ? 'the time of one answer with a cache' : 'the counted FLOPs of an answer'}, prompt included`,
          x: timed
            ? { field: 'milliseconds', title: 'Milliseconds of an answer' }
            : { field: 'flops', title: 'FLOPs of an answer', log: true },
          y: { field: 'accuracy', title: 'Answered right', share: true },
          point: 'name',
          front: true,
        },
      );
    },
  },
  {
    analysis: 'cotBaseline',
    table: 'interventions',
    draw: (table) =>
      lineChart(table, {
        id: 'cot-tampering',
        title: 'Does the answer depend on the written chain?',
        caption:
          'Share of answers that stay the same when the chain is tampered with; band: 95% Wilson interval over problems',
        x: { field: 'steps', title: 'Chain values' },
        y: { field: 'same', title: 'Same answer', share: true, lo: 'sameLo', hi: 'sameHi' },
        series: 'intervention',
      }),
  },
  {
    analysis: 'scaling',
    table: 'runs',
    draw: (table, rows) =>
      scatter(table.derive({ run: 'd => d.N + " " + d.D + " " + d.T + " " + d.seed', loops: 'd => d.T + " loops"' }), {
        id: 'scaling-predicted',
        title: 'Losses against those that the law predicts',
        caption: `One point a run, ${rows.length} runs of different size, tokens and loops`,
        x: { field: 'predicted', title: 'Predicted loss, nats' },
        y: { field: 'loss', title: 'Held-out loss, nats' },
        point: 'run',
        group: 'loops',
        names: false,
        slopes: [{ slope: 1, name: 'as predicted' }],
      }),
  },
  {
    analysis: 'scaling',
    table: 'isoFlop',
    draw: (_, rows) =>
      lineChart(from(isoFlopCurves(rows)), {
        id: 'scaling-isoflop',
        title: 'The best size for a training budget',
        caption:
          'Loss that the fitted law predicts at its fewest loops if the budget goes into a model of this size and the tokens left for it',
        x: { field: 'N', title: 'Parameters', scale: 'log10' },
        y: { field: 'loss', title: 'Predicted loss, nats' },
        series: 'budget',
      }),
  },
];

/** The isoFLOP curves of a law at its fewest loops, as far as they are within half as much again of their lowest loss. */
export function isoFlopCurves(rows: Rows): { N: number; loss: number; budget: string }[] {
  const fewest = Math.min(...rows.map((r) => Number(r.T)));
  const lowest = new Map(rows.flatMap((r) => (r.T === fewest && r.best === true ? [[r.budget, Number(r.loss)]] : [])));
  return rows
    .filter((r) => r.T === fewest && Number(r.loss) <= 1.5 * (lowest.get(r.budget) ?? 0))
    .map((r) => ({
      ...{ N: Number(r.N), loss: Number(r.loss) },
      budget: `${Number(r.budget).toExponential(0).replace('+', '')} FLOPs`,
    }));
}

/** Every chart that the tables of these analyses give; tables without a number are passed over. */
export function analysisCharts(analyses: readonly AnalysisRecord[]): Chart[] {
  return drawings.flatMap(({ analysis, table, draw }) => {
    const tables = analyses.find((a) => a.id === analysis)?.tables ?? {};
    const rows = tables[table];
    if (!rows || rows.length === 0) return [];
    try {
      return [draw(from([...rows]), rows, tables)];
    } catch (error) {
      if (error instanceof FiguresError) return []; // nothing finite to draw; the table says so
      throw error;
    }
  });
}

/** Up to seven values of a column, evenly spread, so that a chart stays readable. */
function few(rows: Rows, column: string): ReadonlySet<unknown> {
  const values = [...new Set(rows.map((r) => r[column]))];
  const every = Math.max(1, Math.ceil(values.length / 7));
  return new Set(values.filter((_, i) => i % every === 0));
}

/** Keeps the rows whose `column` is in `keep` and writes its values out. */
function named(
  table: ColumnTable,
  column: string,
  write: (x: unknown) => string,
  keep: ReadonlySet<unknown>,
): ColumnTable {
  const rows = (table.objects() as Record<string, unknown>[]).filter((r) => keep.has(r[column])); // one object a row
  return from(rows.map((r) => ({ ...r, [column]: write(r[column]) })));
}
