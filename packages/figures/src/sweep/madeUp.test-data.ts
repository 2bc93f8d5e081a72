// Sweeps that tests look at: a grid with everything that can become of a run, and a search over more settings than a map can show.
import { join } from 'node:path';
import { writeSyntheticSweep } from '../synthetic.test-data.ts';

/** Numbers between 0 and 1 without a pattern that matters. */
const scatter = (i: number): number => (((Math.sin(i * 12.9898) * 43758.5453) % 1) + 1) % 1;

const none = { status: 'finished' };

/** 4 loops x 3 learning rates x 3 seeds; one run fails, one configuration diverges. */
export function writeGrid(results: string): string {
  const loops = [1, 2, 4, 8];
  const lrs = [3e-4, 1e-3, 3e-3];
  return writeSyntheticSweep(join(results, 'made-up'), {
    id: 'a1b2c3d4e5f6',
    points: loops.flatMap((loop) =>
      lrs.map((lr) => ({
        point: { 'model.loops': loop, 'train.lr': lr },
        seeds: [0, 1, 2],
        reach: (seed) =>
          0.35 +
          0.08 * Math.log2(loop) -
          0.1 * Math.abs(Math.log10(lr / 1e-3)) +
          0.02 * (scatter(seed + loop * 10) - 0.5),
        fate: (seed) => {
          if (loop !== 8) return none;
          if (lr === 3e-3) return { status: 'diverged', error: 'the loss is NaN at step 150; lower train.lr' };
          if (lr === 1e-3 && seed === 1) return { status: 'failed', error: 'killed by SIGKILL', cause: 'infra' };
          return none;
        },
      })),
    ),
  });
}

/** 30 points of four settings, one seed each; some were stopped early, one has not begun. */
export function writeSearch(results: string): string {
  return writeSyntheticSweep(join(results, 'made-up'), {
    id: 'b1b2c3d4e5f6',
    metric: 'loss',
    search: { id: 'tpe', options: { space: { 'train.weightDecay': { kind: 'uniform', low: 0, high: 0.3 } } } },
    points: Array.from({ length: 30 }, (_, i) => {
      const lr = Number((10 ** (-4 + 2 * scatter(i))).toPrecision(3));
      const loops = 1 + Math.floor(4 * scatter(i + 31));
      return {
        point: {
          'train.lr': lr,
          'train.weightDecay': Number((0.3 * scatter(i + 99)).toPrecision(3)),
          'model.loops': loops,
          'train.schedule': scatter(i + 7) > 0.5 ? 'cosine' : 'linear',
        },
        seeds: [0],
        reach: () => 0.3 + 0.06 * loops - 0.12 * Math.abs(Math.log10(lr / 1e-3)) + 0.02 * scatter(i + 3),
        fate: () => (i === 12 ? { status: 'planned' } : i % 4 === 3 ? { status: 'pruned' } : none),
      };
    }),
  });
}
