// A small run folder for tests, as the trainer writes it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a run of two loops into `dir`, evaluated every ten steps with these accuracies after each loop; returns `dir`. */
export function writeRun(dir: string, run: { seed: number; evals: readonly (readonly [number, number])[] }): string {
  mkdirSync(dir, { recursive: true });
  const json = (name: string, value: unknown): void => writeFileSync(join(dir, name), JSON.stringify(value));
  json('config.json', {
    study: 's',
    strategy: { id: 'loopLM' },
    model: { layers: 1, loops: 2 },
    task: { name: 'mano' },
    seed: run.seed,
  });
  json('manifest.json', { params: 1234 });
  json('status.json', { status: 'finished' });
  const lines = run.evals.flatMap((accuracyPerLoop, i) => {
    const step = 10 * (i + 1);
    const at = { step, time: (step * 2.5) / 20 };
    const lossPerLoop = accuracyPerLoop.map((a) => 1 - a);
    const last = { accuracy: accuracyPerLoop[1], loss: lossPerLoop[1] };
    return [
      { kind: 'train', ...at, loss: 1 },
      { kind: 'eval', ...at, ...last, accuracyPerLoop, lossPerLoop, exitDistribution: [0.5, 0.5] },
    ];
  });
  writeFileSync(join(dir, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return dir;
}
