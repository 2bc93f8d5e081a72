// What the progress of a run shows.
import { expect, test } from 'vitest';
import type { RunView } from './callback.ts';
import type { ProgressState } from './progress.ts';
import type { EvalRecord, TrainRecord } from './runFolder.ts';
import { showProgress } from './showProgress.ts';

test('shows the newest loss and score, and the last step only with its score', () => {
  const shown: ProgressState[] = [];
  const lines: string[] = [];
  const show = showProgress({ update: (s) => void shown.push(s), line: (t) => void lines.push(t), end: () => {} });
  show.onStart?.({ startStep: 4, plan: { steps: 6 } } as RunView); // what the callback reads of it
  show.onStep?.({ step: 5, lr: 1, stage: 'train' });
  show.onLog?.({ step: 5, loss: 1.25, tokensPerSecond: 1000.4 } as TrainRecord); // as above
  show.onStep?.({ step: 6, lr: 1, stage: 'train' });
  show.onEval?.({ step: 6, accuracy: 0.5 } as EvalRecord); // as above
  expect(lines).toEqual(['going on from step 4 of 6']);
  expect(shown.map((s) => [s.step, s.facts])).toEqual([
    [5, []],
    [6, ['loss 1.250', '1000 tokens/s', 'held out: accuracy 0.500']],
  ]);
});
