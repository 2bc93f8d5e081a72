// The scale that tests run studies at: seconds on the reference backend, for tests, not for conclusions.
export const tiny = {
  model: { dModel: 8, heads: 2, dFF: 16 },
  train: { steps: 4, batch: 4, warmup: 2, evalEvery: 2, evalBatches: 1, checkpointEvery: 4 },
  seeds: 1,
};
