// Several trackers as one.
import type { Tracker } from './tracker.ts';

/**
 * Tells each of `trackers`. One that throws is reported, once, and told nothing more; the others do not notice.
 * @param report told in a line which tracker failed, and why
 */
export function compositeTracker(trackers: readonly Tracker[], report: (line: string) => void): Tracker {
  const failed = new Set<Tracker>();
  const fail = (tracker: Tracker, error: unknown): void => {
    failed.add(tracker);
    const why = error instanceof Error ? error.message : String(error);
    report(`tracker ${tracker.name} failed and is told nothing more: ${why}`);
  };
  const each = (tell: (tracker: Tracker) => void): void => {
    for (const tracker of trackers) {
      if (failed.has(tracker)) continue;
      try {
        tell(tracker);
      } catch (error) {
        fail(tracker, error);
      }
    }
  };
  return {
    name: trackers.map((tracker) => tracker.name).join('+'),
    start: (run) => each((tracker) => tracker.start(run)),
    log: (record) => each((tracker) => tracker.log(record)),
    async finish(end) {
      const left = trackers.filter((tracker) => !failed.has(tracker));
      const ends = await Promise.allSettled(left.map(async (tracker) => tracker.finish(end)));
      for (const [i, result] of ends.entries()) {
        const tracker = left[i];
        if (tracker && result.status === 'rejected') fail(tracker, result.reason);
      }
    },
  };
}
