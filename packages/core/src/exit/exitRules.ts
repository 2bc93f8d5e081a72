// The exit rules by id.
import { nearest } from '../config/nearest.ts';
import { ConfigError } from '../config/parseOptions.ts';
import type { ExitRule } from './exitRule.ts';
import { fixedDepth, fixedDepthOptions } from './fixedDepth.ts';
import { qExit, qExitOptions } from './qExit.ts';

export const exitRules = [
  { id: 'fixedDepth', schema: fixedDepthOptions, make: fixedDepth },
  { id: 'qExit', schema: qExitOptions, make: qExit },
] as const;

/** The rule `id` with these options. Throws a `ConfigError` if there is none or the options are wrong. */
export function exitRuleById(id: string, options: Readonly<Record<string, unknown>> = {}): ExitRule {
  const kind = exitRules.find((r) => r.id === id);
  const known = exitRules.map((r) => r.id);
  if (!kind)
    throw new ConfigError(
      `there is no exit rule '${id}'; did you mean '${nearest(id, known) ?? known.join("' or '")}'?`,
    );
  return kind.make(options);
}
