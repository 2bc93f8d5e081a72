// Ctrl-C and SIGTERM as an AbortSignal, so that a run ends between two steps with its state saved.
import { CancelledError } from './errors.ts';

const EXIT_CODE = { SIGINT: 130, SIGTERM: 143 } as const;

/** An AbortSignal with the function that gives the process's signals back. */
export interface Interrupt {
  readonly signal: AbortSignal;
  restore(): void;
}

/**
 * Turns the first SIGINT or SIGTERM into an abort whose reason is a {@link CancelledError} with the shell's exit code.
 * The second one ends the process at once, as if nobody listened.
 * @param onInterrupt called at the first signal, e.g. to say that the current step is being finished
 */
export function listenForInterrupt(onInterrupt?: (name: 'SIGINT' | 'SIGTERM') => void): Interrupt {
  const controller = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const handle = (): void => {
      restore();
      onInterrupt?.(name);
      controller.abort(new CancelledError(`stopped by ${name}`, EXIT_CODE[name]));
    };
    process.on(name, handle);
    return { name, handle };
  });
  const restore = (): void => {
    for (const { name, handle } of handlers) process.off(name, handle);
  };
  return { signal: controller.signal, restore };
}
