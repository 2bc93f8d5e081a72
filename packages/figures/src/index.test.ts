// Checks that reading runs stays cheap: what draws is loaded when something is drawn.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('loads vega, vega-lite and the canvas only when asked to draw', () => {
  const sources = globSync('**/*.ts', { cwd: import.meta.dirname }).filter((path) => !path.includes('.test'));
  expect(sources.length).toBeGreaterThan(10);
  for (const path of sources) {
    const text = readFileSync(join(import.meta.dirname, path), 'utf8');
    expect(text, path).not.toMatch(/^import (?!type)[^;]*from '(vega|vega-lite|vega-embed|@napi-rs\/canvas)'/m);
  }
});
