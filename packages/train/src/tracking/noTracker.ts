// The tracker of a run that nobody else watches.
import type { Tracker } from './tracker.ts';

/** Does nothing. */
export const noTracker: Tracker = {
  name: 'none',
  start() {},
  log() {},
  async finish() {},
};
