// Shows a run's progress while it trains.
import type { Callback } from './callback.ts';
import type { Progress } from './progress.ts';

/** A callback that draws step, loss, accuracy and speed on `progress`. */
export function showProgress(progress: Progress): Callback {
  let steps = 0;
  let facts: string[] = [];
  let scores: string[] = [];
  let rate = 0;
  let mark = { step: 0, at: performance.now() };
  const draw = (step: number): void => progress.update({ step, steps, facts: [...facts, ...scores], rate });
  return {
    name: 'progress',
    onStart: ({ plan, startStep }) => {
      steps = plan.steps;
      mark = { step: startStep, at: performance.now() };
      if (startStep > 0) progress.line(`going on from step ${startStep} of ${steps}`);
    },
    onStep: ({ step }) => {
      // The last step is shown with its scores, below.
      if (step < steps) draw(step);
    },
    onLog: (record) => {
      const at = performance.now();
      rate = (record.step - mark.step) / Math.max(1e-3, (at - mark.at) / 1000);
      mark = { step: record.step, at };
      facts = [`loss ${record.loss.toPrecision(4)}`, `${Math.round(record.tokensPerSecond)} tokens/s`];
    },
    onEval: (record) => {
      const score =
        record.bitsPerByte === undefined
          ? `accuracy ${record.accuracy.toFixed(3)}`
          : `${record.bitsPerByte.toFixed(3)} bits/byte`;
      scores = [`held out: ${score}`];
      draw(record.step);
    },
    onEnd: () => progress.end(),
  };
}
