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
  const { strategy, exempt = {} } = options;
  const unknown = Object.keys(exempt).filter((name) => !checks.some((c) => c.name === name));
  if (unknown.length > 0) {
    throw new Error(`there is no check ${unknown.join(', ')}; there are ${checks.map((c) => c.name).join(', ')}`);
  }
  describe(`strategy ${strategy.id}`, () => {
    for (const { name, claim, run } of checks) {
      const reason = exempt[name];
      if (reason === undefined) it(`${name}: ${claim}`, () => run(subject(options)), 120_000);
      else it.skip(`${name} does not apply: ${reason}`);
    }
  });
}
