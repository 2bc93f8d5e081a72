// The conformance suite on every strategy of the registry: `pnpm test strategies`.
import { strategies, strategyById } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { beforeAll } from 'vitest';
import { strategyConformance } from './strategyConformance.ts';
import type { SubjectOptions } from './subject.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

/** Where the small model or the claims differ from strategy to strategy. */
const special: Readonly<Record<string, Omit<SubjectOptions, 'strategy'>>> = {
  plain: { model: { loops: 1 } },
  isoFlop: { exempt: { exitSaves: 'all its layers are one loop, which nobody can leave' } },
  coconut: { model: { loops: 7 } },
  // thirty loops of large weights are chaotic: no finite difference is small enough
  huginn: { model: { initStd: 0.1 } },
};

for (const { id } of strategies) strategyConformance({ strategy: strategyById(id), ...special[id] });
