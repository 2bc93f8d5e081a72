// The analyses by id: what `looplab analyze RUN --all` runs.
import { nearest } from '@looplab/core';
import { agreement } from './agreement/agreement.ts';
import { alignment } from './alignment/alignment.ts';
import { causal } from './alignment/causal.ts';
import type { Analysis } from './analysis.ts';
import { AnalysisError } from './analysisError.ts';
import { capacity } from './capacity/capacity.ts';
import { cotBaseline } from './cot/cotBaseline.ts';
import { depth } from './depth/depth.ts';
import { earlyExit } from './earlyExit/earlyExit.ts';
import { geometry } from './geometry/geometry.ts';
import { kvSharing } from './kvSharing/kvSharing.ts';
import { probes } from './probes/probes.ts';
import { scaling } from './scaling/scaling.ts';

/** Every analysis there is; one that does not apply to a run says so in its result. */
export const analyses: readonly Analysis[] = [
  capacity,
  depth,
  earlyExit,
  kvSharing,
  probes,
  agreement,
  alignment,
  causal,
  cotBaseline,
  geometry,
  scaling,
];

/** The analysis `id`. Throws an `AnalysisError` if there is none. */
export function analysisById(id: string): Analysis {
  const found = analyses.find((a) => a.id === id);
  const known = analyses.map((a) => a.id);
  if (found) return found;
  throw new AnalysisError(
    `there is no analysis '${id}'; did you mean '${nearest(id, known) ?? known.join("' or '")}'?`,
  );
}
