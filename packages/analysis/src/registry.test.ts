// Every analysis on a small looped model with real layers, compiled; what does not apply says so.
import { initParams, key, modelConfig, paramSpecs, plain } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { mano, withChain } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisContext } from './context.ts';
import { analyses, analysisById } from './registry.ts';
import { expectDocumented } from './testing/columns.ts';
import { tinyLoopLM } from './testing/tinyLoopLM.ts';

beforeAll(() => useDevice({ kind: 'onnx', threads: 1, spinning: false }));
afterAll(() => useDevice({ kind: 'cpu' }));

const CAN_SKIP = new Set(['capacity', 'scaling', 'interchange', 'cotBaseline']);

describe('analyses', () => {
  it.each(analyses.map((a) => [a.id, a] as const))(
    '%s runs compiled, documents its columns, and is plain JSON',
    async (id, analysis) => {
      const told: string[] = [];
      const context: AnalysisContext = { ...tinyLoopLM({ rows: 40 }), progress: (text) => told.push(text) };
      const result = await analysis.run(context);
      expectDocumented(analysis, result);
      expect(JSON.parse(JSON.stringify(result))).toEqual(result);
      if (result.skipped === undefined) {
        expect(Object.values(result.tables).some((t) => t.length > 0)).toBe(true);
        expect(told.length).toBeGreaterThan(0);
      } else expect(CAN_SKIP).toContain(id);
      for (const columns of Object.values(analysis.tables))
        for (const text of Object.values(columns)) expect(text).not.toBe('');
    },
  );

  it('run on a model that writes its chain, which has one loop', async () => {
    const task = withChain(mano({ modulus: 5, maxOps: 2 }));
    const model = modelConfig({ vocab: task.vocab, dModel: 8, heads: 2, layers: 1, dFF: 12, initStd: 0.4 });
    const strategy = plain();
    const params = initParams(paramSpecs(model, strategy), key(2));
    const context: AnalysisContext = { model, strategy, params, task, seed: 0, rows: 30, progress: () => {} };
    for (const analysis of analyses) {
      const result = await analysis.run(context);
      expectDocumented(analysis, result);
      if (['probes', 'cotBaseline'].includes(analysis.id)) expect(result.skipped).toBeUndefined();
      else expect(result.skipped).toMatch(/^does not apply: /);
    }
  });

  it('leave no tensors behind', async () => {
    const context = tinyLoopLM({ rows: 26 });
    const before = tf.memory().numTensors;
    for (const analysis of analyses) await analysis.run(context);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('are deterministic', async () => {
    const run = async () => JSON.stringify(await analysisById('probes').run(tinyLoopLM({ rows: 30 })));
    expect(await run()).toBe(await run());
  });

  it('have ids of their own', () => {
    expect(new Set(analyses.map((a) => a.id)).size).toBe(analyses.length);
    expect(() => analysisById('probe')).toThrow("there is no analysis 'probe'; did you mean 'probes'?");
  });
});
