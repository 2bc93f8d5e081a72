// The house rules that a compiler does not check: floors, cycles, file headers and index files.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Floor of each package; a package imports only from floors below its own (packages/README.md). */
const floors: Readonly<Record<string, number>> = {
  engine: 1,
  core: 2,
  objectives: 3,
  tasks: 3,
  train: 4,
  analysis: 4,
  mlflow: 1,
  sweep: 5,
  notebook: 6,
  conformance: 5,
  figures: 5,
  cli: 6,
};

/** Packages that may not import any package of ours, whatever their floor. */
const standalone = new Set(['figures', 'mlflow']);

/** Top-level module specifiers of a file: imports, re-exports and `import()` calls. */
function importsOf(text: string): { specifier: string; typeOnly: boolean }[] {
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  const found: { specifier: string; typeOnly: boolean }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({
        specifier: node.moduleSpecifier.text,
        typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0];
      if (argument && ts.isStringLiteralLike(argument)) found.push({ specifier: argument.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** First cycle in a graph, as the files along it; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (node: string): string[] | undefined => {
    if (done.has(node)) return undefined;
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node);
    if (cycle) return cycle;
  }
  return undefined;
}

const sources = globSync('packages/*/src/**/*.ts', { cwd: root })
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  .map((file) => ({ ...file, package: file.path.split(/[\\/]/)[1] ?? '', imports: importsOf(file.text) }));

describe('the reader of imports', () => {
  it('sees static, type-only, re-exported and dynamic imports', () => {
    const text = `import a from 'a'; import type { B } from 'b'; export * from 'c'; const d = await import('d');`;
    expect(importsOf(text)).toEqual([
      { specifier: 'a', typeOnly: false },
      { specifier: 'b', typeOnly: true },
      { specifier: 'c', typeOnly: false },
      { specifier: 'd', typeOnly: false },
    ]);
  });

  it('finds a cycle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
          ['c', []],
        ]),
      ),
    ).toBeUndefined();
  });
});

describe('floors', () => {
  it('has a floor for every package', () => {
    const packages = globSync('packages/*/package.json', { cwd: root }).map((p) => p.split(/[\\/]/)[1] ?? '');
    expect(packages.filter((p) => !(p in floors))).toEqual([]);
  });

  it('lets a package import only from floors below', () => {
    const wrong = sources.flatMap((file) =>
      file.imports
        .map(({ specifier }) => specifier.match(/^@looplab\/([^/]+)/)?.[1])
        .filter((to): to is string => to !== undefined && to !== file.package)
        .filter((to) => standalone.has(file.package) || (floors[to] ?? Infinity) >= (floors[file.package] ?? 0))
        .map((to) => `${file.path} imports @looplab/${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('reaches other packages by name, never by path', () => {
    const wrong = sources.flatMap((file) =>
      file.imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) =>
          relative(join('packages', file.package), join(dirname(file.path), specifier)).startsWith('..'),
        )
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('cycles', () => {
  it('has none inside a package', () => {
    const graph = new Map(
      sources.map((file) => [
        file.path,
        file.imports
          .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
          .map(({ specifier }) => join(dirname(file.path), specifier)),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });
});

describe('files', () => {
  const own = [
    ...sources,
    ...globSync(['test/**/*.ts', 'tools/*.{ts,mjs}', 'experiments/**/*.ts', 'bench/**/*.ts'], { cwd: root }).map(
      (path) => ({
        path,
        text: readFileSync(join(root, path), 'utf8'),
      }),
    ),
  ];

  it('say in their first line what they are for', () => {
    const wrong = own.filter(({ text }) => !/^(#!.*\n)?\s*(\/\/|\/\*\*?)\s*\S+/.test(text)).map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it('named index.ts only re-export', () => {
    const wrong = sources
      .filter(({ path }) => path.endsWith('index.ts'))
      .filter(({ text }) => {
        const file = ts.createSourceFile('index.ts', text, ts.ScriptTarget.Latest);
        return !file.statements.every(
          (s) => ts.isExportDeclaration(s) || (ts.isImportDeclaration(s) && !s.importClause),
        );
      })
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});
