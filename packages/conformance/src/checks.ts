// The checks by name: each throws with a sentence that says what is wrong.
import { compiled } from './checks/compiled.ts';
import { decode } from './checks/decode.ts';
import { exitSaves } from './checks/exitSaves.ts';
import { flopCount } from './checks/flopCount.ts';
import { gradient } from './checks/gradient.ts';
import { invariance } from './checks/invariance.ts';
import { learns } from './checks/learns.ts';
import { parameters } from './checks/parameters.ts';
import { reproducible } from './checks/reproducible.ts';
import type { Subject } from './subject.ts';

export interface Check {
  readonly name: string;
  /** What holds when it passes. */
  readonly claim: string;
  /** Throws an `Error` that names what is wrong. */
  run(subject: Subject): Promise<void>;
}

export const checks: readonly Check[] = [
  gradient,
  decode,
  flopCount,
  exitSaves,
  invariance,
  reproducible,
  parameters,
  learns,
  compiled,
];
