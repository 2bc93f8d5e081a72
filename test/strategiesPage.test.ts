// docs/strategies.md is what the registry says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { strategiesPage } from '../tools/strategies.ts';

it('docs/strategies.md is up to date; else run node tools/strategies.ts', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'strategies.md'), 'utf8');
  expect(page).toBe(strategiesPage());
});
