// What is thrown when a strategy breaks its contract or asks for something the runtime cannot do.

/** Names the strategy, the field at fault and the fix. */
export class StrategyError extends Error {
  override readonly name = 'StrategyError';
}
