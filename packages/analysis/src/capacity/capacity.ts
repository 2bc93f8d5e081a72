// The capacity analysis: bits of knowledge that the parameters hold, after every loop and by attribute.
import { countParams, fold, key, paramSpecs } from '@looplab/core';
import { type Analysis, defineAnalysis, skip } from '../analysis.ts';
import { AnalysisError } from '../analysisError.ts';
import { type AnalysisContext, rowsOf } from '../context.ts';
import { type Readouts, readouts } from '../readouts.ts';
import { bootstrap } from '../statistics/bootstrap.ts';
import { mean } from '../statistics/moments.ts';
import { cell, type Row } from '../table.ts';
import { type Capacity, capacityBits, known } from './bits.ts';

const interval = 'lower end of the 95% bootstrap interval over people';

export const capacity: Analysis = defineAnalysis({
  id: 'capacity',
  title: 'Bits of knowledge that the parameters hold',
  needs: [],
  tables: {
    bits: {
      loop: 'number of loops, to twice the trained depth where every loop can be read',
      trained: 'whether the model was trained that deep',
      people: 'N: people in the training data',
      measured: 'people measured',
      parameters: 'P',
      bits: 'N log2(N0 / e^p1) + N log2(S0 / e^p2); negative for a model worse than guessing',
      bitsPerParameter: 'R = bits / P',
      lo: interval,
      hi: 'upper end',
      maxBits: 'N log2(N0 / N) + N log2 S0: what there is to know',
      maxBitsPerParameter: 'Rmax = maxBits / P',
    },
    attributes: {
      loop: 'number of loops',
      attribute: 'what is told of a person',
      bitsPerPerson: 'log2 of its pool minus its loss in bits',
      lo: interval,
      hi: 'upper end',
      maxPerPerson: 'bits there are; for the name log2(N0 / N)',
    },
  },
  run: async (context) => {
    const { task, model, strategy } = context;
    const { knowledge } = task;
    if (!knowledge) return skip(`does not apply: task ${task.name} stores no knowledge that could be counted in bits`);
    const of = await readouts(context);
    const people = perPerson(context, of);
    const parameters = countParams(paramSpecs(model, strategy));
    const [name, ...values] = knowledge.attributes;
    if (!name) throw new AnalysisError(`task ${task.name}: knowledge names no attribute; the first is the name`);
    const from = fold(key(context.seed), 'capacity');
    const bitsOf = (nats: (attribute: number) => number): Capacity =>
      capacityBits({
        people: knowledge.people,
        params: parameters,
        name: { attribute: name.name, nats: nats(0), choices: knowledge.nameSpace },
        values: values.map((v, i) => ({ attribute: v.name, nats: nats(i + 1), choices: v.choices })),
      });
    const bits: Row[] = [];
    const attributes: Row[] = [];
    for (const [t, loop] of of.loops.entries()) {
      context.progress(`bits after loop ${loop}`);
      const own = people.map((p) => p[t] ?? new Float64Array(0));
      const meanOf = (sample: readonly Float64Array[], a: number): number => mean(sample.map((p) => p[a] ?? 0));
      const whole = bitsOf((a) => meanOf(own, a));
      // R falls by N / (P ln 2) with each nat, so its interval is that of the mean loss of a person.
      const rate = (sample: readonly Float64Array[]): number => bitsOf((a) => meanOf(sample, a)).bitsPerParameter;
      const { lo, hi } = bootstrap(own, rate, { key: from, resamples: 500, method: 'percentile' });
      bits.push({
        loop,
        trained: loop <= of.trained,
        people: knowledge.people,
        measured: own.length,
        parameters,
        bits: whole.bits,
        bitsPerParameter: whole.bitsPerParameter,
        lo: cell(lo),
        hi: cell(hi),
        maxBits: whole.maxBits,
        maxBitsPerParameter: whole.maxBitsPerParameter,
      });
      for (const [a, { attribute, bitsPerPerson, maxPerPerson }] of whole.attributes.entries()) {
        const choices = a === 0 ? knowledge.nameSpace : (values[a - 1]?.choices ?? Number.NaN);
        const told = (sample: readonly Float64Array[]): number => known({ nats: meanOf(sample, a), choices });
        const spread = bootstrap(own, told, { key: from, resamples: 500, method: 'percentile' });
        attributes.push({
          loop,
          attribute,
          bitsPerPerson,
          lo: cell(spread.lo),
          hi: cell(spread.hi),
          maxPerPerson,
        });
      }
    }
    return {
      tables: { bits, attributes },
      notes: [
        `Losses are those of ${people.length} of ${knowledge.people} people, in fresh wording; nothing is clipped, so bits can be negative.`,
        'R close to 2 bits a parameter needs a model too small for its data (Rmax well above 2) and about 1000 exposures.',
        ...(of.loops.some((loop) => loop > of.trained) ? [`Loops beyond ${of.trained} extrapolate.`] : []),
      ],
    };
  },
});

/** For each person and loop the sum of the losses of each attribute's symbols, nats; `[person][loop][attribute]`. */
function perPerson(context: AnalysisContext, of: Readouts): Float64Array[][] {
  const { task } = context;
  const batch = task.validation(0, rowsOf(context));
  const { attributes, segments, seq } = batch;
  const count = task.knowledge?.attributes.length ?? 0;
  if (!attributes)
    throw new AnalysisError(
      `task ${task.name}: its batches do not say which attribute a target tells (TaskBatch.attributes)`,
    );
  const people = new Map<number, Float64Array[]>();
  for (let i = 0; i < of.tokens; i++) {
    const at = (of.row[i] ?? 0) * seq + (of.position[i] ?? 0);
    const attribute = attributes[at] ?? 0;
    if (attribute < 1 || attribute > count) continue;
    const id = (of.row[i] ?? 0) * seq + (segments?.[at] ?? 0); // a row has fewer people than symbols
    const sums = people.get(id) ?? of.loops.map(() => new Float64Array(count));
    for (const [t, s] of sums.entries()) s[attribute - 1] = (s[attribute - 1] ?? 0) + (of.loss[t]?.[i] ?? 0);
    people.set(id, sums);
  }
  if (people.size === 0)
    throw new AnalysisError(`task ${task.name} tells no attribute in its held-out rows; raise rows`);
  return [...people.values()];
}
