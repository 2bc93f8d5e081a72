// What a driver tells those who watch it.
import type { Verdict } from './plan/verdict.ts';
import type { RunDesk } from './runDesk.ts';

/** How many of the runs that are known so far need no more work. */
export interface Counts {
  readonly done: number;
  readonly total: number;
}

/** Where a sweep stands. */
export interface Snapshot extends Counts {
  readonly failures: number;
  /** Runs that other processes compute. */
  readonly elsewhere: number;
  readonly running: readonly {
    readonly label: string;
    readonly step: number;
    readonly steps: number;
    /** False while it waits or starts. */
    readonly isRunning: boolean;
  }[];
  /** Counted FLOPs of all runs that are known so far, and of what was trained. */
  readonly work: { readonly total: number; readonly done: number };
}

/** Told as things happen, in this order: begin, then the others. */
export interface SweepEvents {
  begin(snapshot: Snapshot): void;
  /** A run needs no more work. */
  ended(what: {
    readonly desk: RunDesk;
    readonly verdict: Verdict;
    readonly counts: Counts;
    readonly error?: string;
  }): void;
  /** A run's process ended without a result. */
  failed(what: { readonly desk: RunDesk; readonly error: string; readonly willRetry: boolean }): void;
  progress(snapshot: Snapshot): void;
}
