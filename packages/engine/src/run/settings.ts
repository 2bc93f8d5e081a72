// The settings under which new programs are made.
import { availableParallelism } from 'node:os';
import type { SessionSettings } from './program.ts';

let settings: SessionSettings = { provider: 'cpu', threads: availableParallelism(), spinning: true };

export function currentSettings(): SessionSettings {
  return settings;
}

/** Changes some settings for programs made from now on. */
export function changeSettings(change: Partial<SessionSettings>): void {
  settings = { ...settings, ...change };
}
