// Stops a run whose loss or gradient has left the range in which training makes sense.
import { DivergedError } from './errors.ts';

export interface GuardOptions {
  /** A loss above `factor` times the running mean for `patience` updates in a row counts as divergence; 0 turns this off. */
  readonly factor: number;
  readonly patience: number;
  /** Named in messages. */
  readonly strategy?: string;
  readonly objective?: string;
}

/** What the guard remembers, so that a resumed run decides as an uninterrupted one. */
export interface GuardState {
  /** Exponential mean of the loss (decay 0.98); null before the first update. */
  readonly mean: number | null;
  readonly above: number;
}

/** Before any update. */
export const guardStart: GuardState = { mean: null, above: 0 };

const DECAY = 0.98;

/** Losses nearer to 0 than this, in nats, count as this large: those of a task known by heart jump many times over. */
const FLOOR = 0.05;

/** One update, as it was read from the device. */
export interface UpdateValues {
  /** Number of updates made, for the message. */
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  /** The objective's terms. */
  readonly terms?: Readonly<Record<string, number>>;
  /** Means of the leaves of the strategy's last state. */
  readonly states?: Readonly<Record<string, number>>;
}

/**
 * Looks at one update and returns the guard's next state.
 * @throws DivergedError if loss or gradient norm is not finite, or the loss stays far above its running mean
 */
export function checkUpdate(state: GuardState, update: UpdateValues, options: GuardOptions): GuardState {
  const { step, loss, gradNorm } = update;
  const advice = 'lower train.lr, lengthen train.warmup or lower train.clipNorm';
  if (!Number.isFinite(loss))
    throw new DivergedError(`the loss is ${loss} at step ${step}${sourceOf(update, options)}; ${advice}`);
  if (!Number.isFinite(gradNorm))
    throw new DivergedError(`the gradient norm is ${gradNorm} at step ${step}; ${advice}`);
  if (options.factor <= 0) return state;
  // Losses with an entropy bonus may be negative; the distance is measured from there.
  const scale = Math.max(Math.abs(state.mean ?? loss), FLOOR);
  const isAbove = state.mean !== null && loss - state.mean > (options.factor - 1) * scale;
  const above = isAbove ? state.above + 1 : 0;
  if (above >= options.patience) {
    throw new DivergedError(
      `the loss was above ${options.factor} times its running mean ${(state.mean ?? 0).toPrecision(4)} for ${above} steps ` +
        `(${loss.toPrecision(4)} at step ${step}); ${advice}, or set train.divergenceFactor=0 to go on regardless`,
    );
  }
  // A spike must not raise the mean it is measured against.
  if (isAbove) return { mean: state.mean, above };
  return { mean: state.mean === null ? loss : DECAY * state.mean + (1 - DECAY) * loss, above: 0 };
}

/** Where a loss that is not finite comes from: the state's leaf, else the objective's term. */
function sourceOf({ step, terms = {}, states = {} }: UpdateValues, { strategy, objective }: GuardOptions): string {
  const bad = (values: Readonly<Record<string, number>>) => Object.entries(values).find(([, x]) => !Number.isFinite(x));
  const when = step === 1 ? ', in the first update: check init() and step()' : '';
  const leaf = bad(states);
  if (leaf)
    return ` (strategy ${strategy}: the leaf '${leaf[0]}' of its last state holds a value that is not finite${when})`;
  const term = bad(terms);
  return term ? ` (objective ${objective}: its term '${term[0]}' is ${term[1]})` : '';
}
