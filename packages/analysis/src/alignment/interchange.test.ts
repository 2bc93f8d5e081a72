// Interchange on rows of several problems: they must not see each other, patched or not.
import { key } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { mano } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { forward } from '../forward.ts';
import { instances } from '../instances.ts';
import { tinyLoopLM } from '../testing/tinyLoopLM.ts';
import { edits } from './edits.ts';
import { interchange } from './interchange.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

it('answers packed problems as they are answered apart', async () => {
  const task = mano({ modulus: 3, maxOps: 1, packing: 'masked', seq: 32 });
  const context = tinyLoopLM({ task, rows: 8, initStd: 1 });
  const pairs = edits(task, instances(context), key(0));
  expect(pairs.some(({ base }) => base.problem > 0)).toBe(true);

  const { run, release } = interchange(context, 8);
  const { base } = await run(pairs.map((edit) => ({ edit, place: edit.base.answerAt })));
  await release();
  const pass = forward(context, (trace) => tf.argMax(trace.logits(trace.states.length - 1), -1), { loops: 2 });
  const batch = task.validation(0, 8);
  const [said] = await pass.run(batch, 0);
  await pass.release();
  expect([...base]).toEqual(pairs.map(({ base: b }) => said?.[b.row * batch.seq + b.answerAt]));
});
