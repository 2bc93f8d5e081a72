// The exit rules by id.
import type { z } from 'zod';
import { nearest } from '../config/nearest.ts';
import { ConfigError } from '../config/parseOptions.ts';
import { argmaxStable, argmaxStableOptions } from './argmaxStable.ts';
import { bernoulli, bernoulliOptions } from './bernoulli.ts';
import { cosine, cosineOptions } from './cosine.ts';
import { entropyChange, entropyChangeOptions } from './entropyChange.ts';
import type { ExitRule } from './exitRule.ts';
import { fixedDepth, fixedDepthOptions } from './fixedDepth.ts';
import { kl, klOptions } from './kl.ts';
import { latentChange, latentChangeOptions } from './latentChange.ts';
import { minPKl, minPKlOptions } from './minPKl.ts';
import { qExit, qExitOptions } from './qExit.ts';
import { residual, residualOptions } from './residual.ts';

export interface ExitRuleKind {
  readonly id: string;
  /** One sentence for help and tables. */
  readonly summary: string;
  /** Its options with defaults and descriptions. */
  readonly schema: z.ZodObject;
  make(options: Readonly<Record<string, unknown>>): ExitRule;
}

export const exitRules: readonly ExitRuleKind[] = [
  { id: 'fixedDepth', summary: 'every token after so many loops', schema: fixedDepthOptions, make: fixedDepth },
  { id: 'qExit', summary: "the gate's cumulative exit probability", schema: qExitOptions, make: qExit },
  { id: 'bernoulli', summary: "a toss of the gate's coin", schema: bernoulliOptions, make: bernoulli },
  { id: 'entropyChange', summary: 'change of entropy', schema: entropyChangeOptions, make: entropyChange },
  { id: 'kl', summary: 'divergence of neighbouring predictions', schema: klOptions, make: kl },
  { id: 'minPKl', summary: 'divergence among the likely tokens', schema: minPKlOptions, make: minPKl },
  { id: 'argmaxStable', summary: 'likeliest token unchanged', schema: argmaxStableOptions, make: argmaxStable },
  { id: 'cosine', summary: 'angle between neighbouring states', schema: cosineOptions, make: cosine },
  { id: 'latentChange', summary: 'relative change of the state', schema: latentChangeOptions, make: latentChange },
  { id: 'residual', summary: 'distance from a fixed point', schema: residualOptions, make: residual },
];

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
