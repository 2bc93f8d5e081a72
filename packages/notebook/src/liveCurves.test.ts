// Curves that grow: one output for all runs, drawn anew after every evaluation.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '@looplab/train';
import { afterAll, expect, it } from 'vitest';
import { liveCurves } from './liveCurves.ts';
import type { MimeBundle } from './mimeBundle.ts';
import { writeRun } from './testing/writeRun.ts';

const scratch = mkdtempSync(join(tmpdir(), 'looplab-notebook-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it('draws every run so far into one output', async () => {
  const outputs: MimeBundle[][] = [];
  const host = () => {
    const output: MimeBundle[] = [];
    outputs.push(output);
    return async (bundle: MimeBundle) => void output.push(bundle);
  };
  const live = liveCurves({ host });
  const evaluate = async (): Promise<void> => live.onEval?.({} as never); // what it measured is read from the folder
  const start = (dir: string): unknown => live.onStart?.({ dir } as RunView); // nothing else of it is looked at

  start(writeRun(join(scratch, 'a'), { seed: 0, evals: [[0.1, 0.25]] }));
  expect(outputs).toEqual([]);
  await evaluate();
  writeRun(join(scratch, 'a'), { seed: 0, evals: [[0.1, 0.25], [0.1, 0.5]] }); // biome-ignore format: one line an evaluation
  await evaluate();
  start(writeRun(join(scratch, 'b'), { seed: 1, evals: [] })); // has nothing to draw yet
  await evaluate();
  writeRun(join(scratch, 'b'), { seed: 1, evals: [[0.1, 0.25], [0.1, 1]] }); // biome-ignore format: one line an evaluation
  await evaluate();

  expect(outputs).toHaveLength(1);
  expect(outputs[0]?.map((b) => String(b['text/plain']).match(/LoopLM 1×2: .*/)?.[0])).toEqual([
    'LoopLM 1×2: 25.0%.',
    'LoopLM 1×2: from 25.0% to 50.0%.',
    'LoopLM 1×2: from 25.0% to 50.0%.',
    'LoopLM 1×2: from 25.0% to 75.0%.',
  ]);
});
