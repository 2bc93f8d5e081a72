// Test settings of the whole workspace: tests lie beside the sources, repository-level ones in test/.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'experiments/**/*.test.ts', 'examples/**/*.test.ts'],
    // child processes, because TensorFlow.js keeps its backend and gradient registry in process globals
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
