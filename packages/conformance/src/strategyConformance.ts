// The suite as vitest tests: one call registers every check for a strategy.
import { describe, it } from 'vitest';
import { checks } from './checks.ts';
import { type SubjectOptions, subject } from './subject.ts';

/**
 * Registers the conformance suite for one strategy; call it at the top of a vitest file.
 *
 * @example
 * strategyConformance({ strategy: myStrategy() });
 */
export function strategyConformance(options: SubjectOptions): void {
  describe(`strategy ${options.strategy.id}`, () => {
    for (const { name, claim, run } of checks) it(`${name}: ${claim}`, () => run(subject(options)), 120_000);
  });
}
