// The conformance suite on every strategy of the registry: `pnpm test strategies`.
import { strategies, strategyById } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { objectiveById } from '@looplab/objectives';
import { beforeAll } from 'vitest';
import { strategyConformance } from './strategyConformance.ts';
import type { SubjectOptions } from './subject.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

/** Where the small model or the claims differ from strategy to strategy. */
const special: Readonly<Record<string, Omit<SubjectOptions, 'strategy' | 'objectives'> & { objectives?: string[] }>> = {
  plain: { model: { loops: 1 } },
  // objectives over several loops meet one segment an update here
  hrm: { objectives: ['halting', 'lastLoop'] },
  trm: { objectives: ['halting', 'lastLoop'] },
  // three segments, 63 calls of large random weights, amplify rounding beyond the tolerance of decoding
  eqr: { objectives: ['halting', 'lastLoop'], model: { loops: 2 } },
  deq: { objectives: ['jacobianPenalty', 'lastLoop'] },
  coconut: { model: { loops: 7 } },
  // thirty loops of large weights are chaotic: no finite difference is small enough
  huginn: { model: { initStd: 0.1 } },
};

for (const { id } of strategies) {
  const { objectives, ...rest } = special[id] ?? {};
  const named = objectives === undefined ? {} : { objectives: objectives.map((o) => objectiveById(o)) };
  strategyConformance({ strategy: strategyById(id), ...rest, ...named });
}
