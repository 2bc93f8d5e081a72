// Input that an analysis cannot work with: the message says what was wrong, what was expected and what to do.

export class AnalysisError extends Error {
  override readonly name = 'AnalysisError';
}

/** A checkpoint whose states or losses are not numbers: no analysis can use it. */
export class DivergedError extends AnalysisError {}
