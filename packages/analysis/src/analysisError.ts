// Input that an analysis cannot work with: the message says what was wrong, what was expected and what to do.

export class AnalysisError extends Error {
  override readonly name = 'AnalysisError';
}
