// One Ctrl-C may arrive several times (from the terminal and passed on by npm); only a later one is a second one.

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Signals this close together are one, in milliseconds. */
const together = 1000;

/**
 * Ends the process at SIGINT or SIGTERM unless somebody else listens and ends it with its state saved; a second signal ends it
 * in any case. Call it before anybody else listens.
 */
export function endAtSignals(now: () => number = () => performance.now()): void {
  let first: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const handled = process.listenerCount(name) > 1;
      if (first !== undefined && now() - first < together) return;
      if (first === undefined && handled) {
        first = now();
        return;
      }
      process.exit(codes[name]);
    });
  }
}
