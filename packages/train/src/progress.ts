// Progress for people: a bar that redraws itself on a terminal, plain lines elsewhere (Slurm logs, pipes, CI).
// An own renderer of one line: cli-progress prints nothing useful without a terminal, and one bar needs none of the rest.

export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressState {
  readonly step: number;
  readonly steps: number;
  /** Short facts such as `loss 1.23`; joined by two spaces. */
  readonly facts: readonly string[];
  /** Updates a second; 0 if not known yet. */
  readonly rate: number;
}

/** Where progress goes. Times are injected so that tests need no clock. */
export interface Progress {
  update(state: ProgressState): void;
  /** A line that stays, printed above the bar. */
  line(text: string): void;
  end(): void;
}

/** Plain output repeats at most this often: every 10 s. A bar: ten times a second. */
const PLAIN_MS = 10_000;
const BAR_MS = 100;

/** A {@link Progress} on `out`, usually `process.stderr`. */
export function progressOn(label: string, out: ProgressOutput, now: () => number = Date.now): Progress {
  const live = out.isTTY === true;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = (): void => {
    if (drawn) out.write('\r\u001b[2K');
    drawn = false;
  };
  return {
    update: (state) => {
      if (now() - last < (live ? BAR_MS : PLAIN_MS) && state.step < state.steps) return;
      last = now();
      if (!live) {
        out.write(`${label} ${plain(state)}\n`);
        return;
      }
      out.write(`\r\u001b[2K${bar(label, state, out.columns ?? 80)}`);
      drawn = true;
    },
    line: (text) => {
      clear();
      out.write(`${text}\n`);
      last = Number.NEGATIVE_INFINITY;
    },
    end: clear,
  };
}

/** Says nothing. */
export const silent: Progress = { update: () => {}, line: () => {}, end: () => {} };

/** `label ━━━━──── 1200/5000  loss 1.23  0:42 left`, cut to the width of the terminal. */
export function bar(label: string, state: ProgressState, columns: number): string {
  const facts = tail(state).join('  ');
  const space = columns - label.length - facts.length - 4;
  const width = Math.min(30, space);
  const done = Math.round((width * state.step) / Math.max(1, state.steps));
  const line = width >= 8 ? `${label} ${'━'.repeat(done)}${'─'.repeat(width - done)} ${facts}` : `${label} ${facts}`;
  return line.slice(0, Math.max(1, columns - 1));
}

function plain(state: ProgressState): string {
  return tail(state).join('  ');
}

function tail({ step, steps, facts, rate }: ProgressState): string[] {
  const left = rate > 0 && step < steps ? [`${clock((steps - step) / rate)} left`] : [];
  return [`${step}/${steps}`, ...facts, ...left];
}

/** Seconds as `m:ss`, `h:mm:ss`, or days and hours. */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  if (h >= 48) return `${Math.floor(h / 24)} d ${h % 24} h`;
  const m = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}
