// Every TypeScript example in the documents runs as it stands.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const files = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((f) => f.endsWith('.md'))
    .map((f) => join('docs', f)),
];

const examples = files.flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    (m, i) => [`${file} example ${i + 1}`, m[1]] as const,
  ),
);

it('there are examples', () => {
  expect(examples.length).toBeGreaterThan(1);
});

it.each(examples)('%s', (_, code) => {
  const ran = spawnSync('node', ['--input-type=module-typescript', '-e', code as string], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(ran.stderr).toBe('');
  expect(ran.status).toBe(0);
});
