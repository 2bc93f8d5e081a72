// The probe analysis: heat maps of the answer, the model's own answer and every chain value over loops and places.
import { type Analysis, defineAnalysis } from '../analysis.ts';
import { longestChain, siteStates } from '../sites.ts';
import { cell } from '../table.ts';
import { chainProbes } from './chainProbes.ts';
import { constant, type HeatMapCell, heatMap } from './heatMap.ts';

export const probes: Analysis = defineAnalysis({
  id: 'probes',
  title: 'Where the answer and the intermediate values can be read off, and from which loop on',
  needs: ['chain'],
  tables: {
    probes: {
      target:
        'what is read off: `value s` (chain step s), `answer`, `model answer` (what the model says after its last loop)',
      site: 'where: `step s` (the place at which everything for step s has been read) or `answer`',
      loop: 'after which loop; 0 = before the first',
      samples: 'instances',
      classes: 'distinct labels',
      accuracy: 'cross-validated accuracy of a linear probe, 0 to 1',
      lo: "lower end of Wilson's 95% interval of the accuracy, over rows",
      hi: 'upper end',
      majority: 'share of the commonest label, which a blind probe reaches',
      control:
        'accuracy on the control task of Hewitt & Liang (a random label for each symbol read at the place of the value)',
      selectivity: 'accuracy - control',
    },
    layers: {
      target: 'as above',
      site: 'as above',
      loop: 'inside which loop; only loops of several layers',
      layer: 'after which of its layers, from 1, counted over all its core calls',
      computed: 'layers computed up to there, over all loops',
      accuracy: 'as above',
      lo: 'lower end',
      hi: 'upper end',
      majority: 'as above',
      selectivity: 'as above',
    },
  },
  run: async (context) => {
    const { all, steps, states, targets, cells } = await chainProbes(context);
    const { instances: kept, sites } = states;
    const length = longestChain(kept);
    const { afterLayers } = await siteStates(context, kept, sites, { layers: true });
    const inside = heatMap(states, targets, { ...context, places: afterLayers });
    const computed = (c: HeatMapCell): number =>
      1 + afterLayers.findIndex((p) => p.loop === c.loop && p.layer === c.layer);
    const blank = targets.filter(constant).map((t) => t.name);
    return {
      tables: {
        probes: cells.map((c) => ({
          target: c.target,
          site: c.site,
          loop: c.loop,
          samples: c.accuracy.n,
          classes: c.classes,
          accuracy: c.accuracy.value,
          lo: c.accuracy.lo,
          hi: c.accuracy.hi,
          majority: c.majority,
          control: cell(c.control),
          selectivity: cell(c.accuracy.value - c.control),
        })),
        layers: inside.map((c) => ({
          target: c.target,
          site: c.site,
          loop: c.loop,
          layer: c.layer ?? null,
          computed: computed(c),
          accuracy: c.accuracy.value,
          lo: c.accuracy.lo,
          hi: c.accuracy.hi,
          majority: c.majority,
          selectivity: cell(c.accuracy.value - c.control),
        })),
      },
      notes: [
        `${context.probe === 'logistic' ? 'Logistic' : 'Ridge'} probes, 5 folds over ${new Set(kept.map((x) => x.row)).size} rows; a value is probed at its own place and those after it.`,
        ...(kept.length < all.length
          ? [`${all.length - kept.length} instances with fewer than ${length} chain steps were left out.`]
          : []),
        ...(steps.length < length ? [`Of ${length} chain steps, ${steps.join(', ')} were probed.`] : []),
        ...(blank.length > 0 ? [`Nothing to read off for ${blank.join(', ')}: one class only.`] : []),
      ],
    };
  },
});
