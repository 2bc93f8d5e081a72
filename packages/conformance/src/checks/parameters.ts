// Every parameter is counted as the layout says, and the model uses it.
import { countParams, key, normal, paramSpecs, runTrace } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { Check } from '../checks.ts';
import { distance } from '../subject.ts';

/** A parameter without influence on any readout, halting logit or term is one that somebody forgot. */
export const parameters: Check = {
  name: 'parameters',
  claim: 'as many as stated, and each has an influence',
  run: async (s) => {
    const { config, strategy } = s;
    const params = await s.params();
    const given = Object.values(params).reduce((n, x) => n + x.size, 0);
    const stated = countParams(paramSpecs(config, strategy));
    if (given !== stated) throw new Error(`countParams says ${stated}, the tensors have ${given} entries`);
    const batch = s.batch(2);
    const outputs = (p: typeof params) =>
      runTrace(config, strategy, p, batch, {
        train: true,
        ...s.update,
        noise: s.noise(2, batch.ids.shape[1] ?? 0),
      }).flatMap((t) => [
        ...t.states.map((_, i) => t.logits(i)),
        ...t.halt,
        ...t.terms.flatMap((terms) => Object.values(terms)),
      ]);
    const before = outputs(params);
    for (const [name, x] of Object.entries(params)) {
      const changed = outputs({ ...params, [name]: tensor(normal(key(9), x.size), x.shape) });
      const gaps = await Promise.all(changed.map((y, i) => distance(y, before[i] ?? y)));
      if (gaps.every((gap) => gap === 0))
        throw new Error(`'${name}' has no influence on readouts, halting logits or terms; use it or do not declare it`);
    }
  },
};
