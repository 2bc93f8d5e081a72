// Where runs are computed: the interface of every launcher.

/** A process to be started somewhere. */
export interface LaunchTask {
  /** Unique among the tasks of all times: sweep, run and attempt. */
  readonly name: string;
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Absolute path of the file that stdout and stderr are appended to. */
  readonly log: string;
  /** Threads that the process will use. */
  readonly threads: number;
}

/** What is known of a task. */
export type TaskState =
  | { readonly state: 'queued' | 'running' }
  | {
      readonly state: 'ended';
      /** Exit code or signal, where the launcher can know it. */
      readonly code?: number;
      readonly signal?: string;
      /** What happened, in words, where the launcher can say more. */
      readonly reason?: string;
    };

/**
 * Starts processes and says how they are. What a run did, its folder says: a launcher only knows whether its process is over. A task
 * may be handed over twice, after a crash between the two writes; the run's own lock sees to it that only one computes.
 */
export interface Launcher {
  readonly id: string;
  /** Tasks it takes at the same time; Infinity if it has a queue of its own. */
  readonly slots: number;
  /** Whether tasks go on when the driver is gone, so that another driver finds them by their handles. */
  readonly outlives: boolean;
  /**
   * Hands tasks over; returns a handle for each, plain text that a later process can use too where `outlives`.
   * @throws LauncherError naming what is missing or refused
   */
  submit(tasks: readonly LaunchTask[]): Promise<readonly string[]>;
  /** The state of each handle. One that nobody knows any more is over. */
  poll(handles: readonly string[]): Promise<readonly TaskState[]>;
  /** Asks tasks to save and end; with `force`, ends them. Unknown handles are passed over. */
  stop(handles: readonly string[], options?: { readonly force?: boolean }): Promise<void>;
  /** Returns when a task may have ended, or after `ms`. */
  wait(ms: number): Promise<void>;
  /** Lets go of everything without stopping tasks that outlive the driver. */
  close(): Promise<void>;
}
