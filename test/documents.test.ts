// Documents keep up: links lead somewhere, and every dependency has its line.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('documents', () => {
  it('link to files that exist', () => {
    const documents = globSync(['*.md', '{docs,packages,experiments,bench,results,tools}/**/*.md'], {
      cwd: root,
      exclude: (path) => /node_modules|results[\\/]./.test(path),
    });
    expect(documents).toContain('README.md');
    const broken = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(root, dirname(path), target)))
        .map((target) => `${path} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('say of every dependency what it is for', () => {
    const names = globSync(['package.json', 'packages/*/package.json'], { cwd: root }).flatMap((path) => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(path)) as Record<string, object>;
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    });
    const lines = read('docs/dependencies.md');
    const missing = new Set(names.filter((name) => !name.startsWith('@looplab/') && !lines.includes(`\`${name}\``)));
    expect([...missing]).toEqual([]);
  });
});
