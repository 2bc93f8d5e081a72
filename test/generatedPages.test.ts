// Pages made from registries are what the registries say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analysesPage } from '../tools/analyses.ts';
import { strategiesPage } from '../tools/strategies.ts';

it.each([
  ['strategies.md', 'strategies.ts', strategiesPage],
  ['analyses.md', 'analyses.ts', analysesPage],
] as const)('docs/%s is up to date; else run node tools/%s', (page, _, write) => {
  expect(readFileSync(join(import.meta.dirname, '..', 'docs', page), 'utf8')).toBe(write());
});
