// Learning-rate schedules: pure functions of the step.

/** Learning rate at a step; steps count from 0, which is the first update. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** Learning rate at the end of the warm-up. */
  readonly peak: number;
  /** Updates over which the rate rises linearly from `peak / warmup`; 0 starts at `peak`. */
  readonly warmup: number;
}

/** Linear warm-up, then `peak` for ever. */
export function warmupConstant({ peak, warmup }: ScheduleOptions): Schedule {
  return (step) => (step < warmup ? (peak * (step + 1)) / warmup : peak);
}

/**
 * Linear warm-up, then half a cosine from `peak` down to `minRatio * peak`, reached at the last of `steps` updates
 * (Loshchilov & Hutter 2017, eq. 5, without restarts).
 */
export function warmupCosine({
  peak,
  warmup,
  steps,
  minRatio,
}: ScheduleOptions & { readonly steps: number; readonly minRatio: number }): Schedule {
  const rise = warmupConstant({ peak, warmup });
  const length = Math.max(1, steps - 1 - warmup);
  return (step) => {
    if (step < warmup) return rise(step);
    const done = Math.min(1, (step - warmup) / length);
    return peak * (minRatio + ((1 - minRatio) * (1 + Math.cos(Math.PI * done))) / 2);
  };
}
