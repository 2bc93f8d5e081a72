// Test settings for one mutant: the file that the environment names is read with one piece of it replaced.
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Mutation } from './mutation.ts';

const { file, find, replace } = JSON.parse(process.env.MUTATION ?? '{}') as Mutation; // set by mutations.test.ts
const path = resolve(import.meta.dirname, '../..', file);

export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  plugins: [
    {
      name: 'mutation',
      enforce: 'pre',
      transform: (code, id) => {
        if (id.split('?')[0] !== path) return undefined;
        if (!code.includes(find)) throw new Error(`${file} does not contain: ${find}`);
        return code.replace(find, replace);
      },
    },
  ],
  // vitest keeps transformed modules on disk and does not see that the plugin has changed
  test: {
    fsModuleCache: false,
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 60_000,
    bail: 1,
    include: ['packages/*/src/**/*.test.ts'],
  },
});
