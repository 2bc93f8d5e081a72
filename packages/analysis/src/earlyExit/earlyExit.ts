// Early exit: accuracy against depth and FLOPs for every exit rule, the Pareto front, calibration.
import { exitRules, flops, fold, key } from '@looplab/core';
import { type Analysis, defineAnalysis } from '../analysis.ts';
import type { AnalysisContext } from '../context.ts';
import { correct } from '../depth/depth.ts';
import { readouts } from '../readouts.ts';
import { clusteredMean, weightedMean } from '../statistics/clustered.ts';
import { cell, type Row } from '../table.ts';
import { calibrationError, reliability } from './calibration.ts';
import { areaUnderFront, paretoFront } from './front.ts';
import { gateEvents } from './gateEvents.ts';
import { type RuleOutcome, runRule, thresholdsOf, turnable } from './runRule.ts';

/** Thresholds tried of each rule. */
const THRESHOLDS = 9;

interface Point {
  readonly rule: string;
  readonly threshold: number | null;
  readonly loops: number;
  readonly cost: number;
  readonly accuracy: number;
  readonly lo: number;
  readonly hi: number;
}

export const earlyExit: Analysis = defineAnalysis({
  id: 'earlyExit',
  title: 'Accuracy against loops and FLOPs when tokens may leave early',
  needs: ['loops', 'readouts'],
  tables: {
    points: {
      rule: 'exit rule',
      threshold: 'its threshold, for fixedDepth the depth; empty where nothing turns it',
      loops: 'mean loops of a scored token',
      flops: 'counted FLOPs of a row, skipped loops not counted',
      share: 'that over the FLOPs at full depth',
      accuracy: 'share of right answers',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
      front: 'whether no other point of any rule is at least as accurate for fewer FLOPs',
      ruleFront: 'the same among the points of this rule',
    },
    area: {
      rule: 'exit rule',
      areaByLoops:
        'mean accuracy its front affords over mean loops from 1 to the trained depth; both ends are had by fixedDepth',
      areaByFlops: 'the same over FLOPs from one loop to full depth',
      points: 'thresholds tried',
    },
    reliability: {
      source: '`gate` (lambda, its probability of stopping now) or `confidence` (of the likeliest symbol)',
      event:
        '`right` (the answer is), `settled` (it is that of the trained depth), `no gain` (the next loop lowers the loss by at most 0.005 nats)',
      loop: 'after which loop',
      from: 'lower edge of the bin',
      to: 'upper edge',
      tokens: 'tokens in the bin',
      predicted: 'mean probability',
      happened: 'share in which the event happened',
      lo: "lower end of Wilson's 95% interval over rows",
      hi: 'upper end',
    },
    calibration: {
      source: 'as in reliability',
      event: 'as in reliability',
      loop: 'after which loop',
      error: 'expected calibration error, 10 bins of equal width',
      lo: 'lower end of the 95% bootstrap interval over rows',
      hi: 'upper end',
      tokens: 'tokens',
    },
  },
  run: async (context) => {
    const { strategy, seed } = context;
    const from = fold(key(seed), 'earlyExit');
    const of = await readouts(context);
    const points: Point[] = await fixedPoints(context, from);
    const [shallow, deep] = [points[0], points.at(-1)];
    const left: string[] = [];
    for (const kind of exitRules) {
      if (kind.id === 'fixedDepth') continue;
      const rule = kind.make({});
      if (rule.needs.includes('halt') && !strategy.halt) {
        left.push(kind.id);
        continue;
      }
      const turned = turnable(rule);
      const thresholds = turned && thresholdsOf(turned, THRESHOLDS);
      const outcomes = await runRule(context, rule, thresholds);
      for (const [k, outcome] of outcomes.entries()) {
        const readAll = rule.needs.includes('logits');
        points.push({ rule: kind.id, threshold: thresholds?.[k] ?? null, ...pointOf(context, outcome, readAll, from) });
      }
    }
    const front = new Set(paretoFront(points));
    const byRule = Map.groupBy(points, (p) => p.rule);
    const fronts = new Set([...byRule.values()].flatMap((of) => paretoFront(of)));
    const full = deep?.cost ?? Number.NaN;
    const events = gateEvents(of);
    return {
      tables: {
        points: points.map(
          (p): Row => ({
            rule: p.rule,
            threshold: p.threshold,
            loops: p.loops,
            flops: p.cost,
            share: p.cost / full,
            accuracy: p.accuracy,
            lo: cell(p.lo),
            hi: cell(p.hi),
            front: front.has(p),
            ruleFront: fronts.has(p),
          }),
        ),
        area: [...byRule].map(([rule, own]): Row => {
          // Any rule can be told to stop at once or never.
          const all = [...own, ...(shallow && deep ? [shallow, deep] : [])];
          const byLoops = all.map((p) => ({ cost: p.loops, accuracy: p.accuracy }));
          return {
            rule,
            areaByLoops: cell(areaUnderFront(byLoops, 1, of.trained)),
            areaByFlops: cell(areaUnderFront(all, shallow?.cost ?? Number.NaN, full)),
            points: own.length,
          };
        }),
        reliability: events.flatMap(({ source, event, loop, of: predictions }) =>
          reliability(predictions).map(
            (b): Row => ({
              source,
              event,
              loop,
              from: b.from,
              to: b.to,
              tokens: b.n,
              predicted: b.predicted,
              happened: b.happened.value,
              lo: b.happened.lo,
              hi: b.happened.hi,
            }),
          ),
        ),
        calibration: events.map(({ source, event, loop, of: predictions }): Row => {
          const { value, lo, hi, n } = calibrationError(predictions, { key: from });
          return { source, event, loop, error: value, lo: cell(lo), hi: cell(hi), tokens: n };
        }),
      },
      notes: [
        'FLOPs are counted, not timed: matrix products of the loops that tokens computed, and a readout a loop for rules that look at predictions.',
        'Tokens that are done keep their state, and later loops of others see what they wrote last.',
        ...(left.length > 0 ? [`Without a gate, ${left.join(', ')} do not apply.`] : []),
      ],
    };
  },
});

/** Every trained depth as a point of its own: what early exit has to beat. */
async function fixedPoints(context: AnalysisContext, from: ReturnType<typeof key>): Promise<Point[]> {
  const of = await readouts(context);
  return of.loops.flatMap((loops, t): Point[] => {
    if (loops > of.trained) return [];
    const { value, lo, hi } = clusteredMean(correct(of, t), of, { key: from });
    const cost = flops(context.model, context.strategy, { batch: 1, seq: context.task.seq, loops });
    return [{ rule: 'fixedDepth', threshold: loops, loops, cost, accuracy: value, lo, hi }];
  });
}

function pointOf(
  context: AnalysisContext,
  outcome: RuleOutcome,
  readAll: boolean,
  from: ReturnType<typeof key>,
): Omit<Point, 'rule' | 'threshold'> {
  const { model, strategy, task } = context;
  const { value, lo, hi } = clusteredMean(outcome.right, outcome, { key: from });
  const tokens = outcome.depths.reduce((a, b) => a + b, 0);
  const cost = outcome.depths.reduce((sum, n, d) => {
    if (n === 0) return sum;
    const loops = d + 1;
    const work = { batch: 1, seq: task.seq, loops, ...(readAll ? { readouts: loops } : {}) };
    return sum + (n / tokens) * flops(model, strategy, work);
  }, 0);
  return { loops: weightedMean(outcome.loops, outcome.weight), cost, accuracy: value, lo, hi };
}
