// The packages as `node tools/build.ts` makes them: published, imported by name, typed; and at work in every notebook.
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const jupyter = join(root, '.cache', 'jupyter');
const exec = promisify(execFile);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}` };
const run = (command: string, args: readonly string[], cwd = root): Promise<{ stdout: string; stderr: string }> =>
  exec(command, args, { cwd, env, maxBuffer: 1 << 28 });

const scratch = mkdtempSync(join(tmpdir(), 'looplab-built-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Manifest {
  readonly name: string;
  readonly main: string;
  readonly types: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
  readonly publishConfig: Partial<Manifest>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const packages = globSync('packages/*/package.json', { cwd: root }).map((path) => ({
  dir: join(root, dirname(path)),
  manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest,
}));
const names = packages.map(({ manifest }) => manifest.name);

/** A folder in which the packages are installed as the registry would hand them out, beside what they depend on. */
function install(into: string): void {
  const modules = join(into, 'node_modules');
  for (const { dir, manifest } of packages) {
    const to = join(modules, manifest.name);
    mkdirSync(to, { recursive: true });
    // what `pnpm publish` does with publishConfig and files
    writeFileSync(join(to, 'package.json'), JSON.stringify({ ...manifest, ...manifest.publishConfig }));
    for (const file of manifest.files) cpSync(join(dir, file), join(to, file), { recursive: true });
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const from = [dir, root].map((d) => join(d, 'node_modules', name)).find((d) => existsSync(d));
      const link = join(modules, name);
      if (names.includes(name) || existsSync(link) || from === undefined) continue;
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(realpathSync(from), link, 'junction');
    }
  }
}

beforeAll(() => run('node', ['tools/build.ts']), 240_000);

describe('the packages, built', { timeout: 240_000 }, () => {
  beforeAll(() => install(scratch));

  it('say where their files are to resolvers of every age', () => {
    for (const { dir, manifest } of packages) {
      const published = { ...manifest, ...manifest.publishConfig };
      const found = [published.main, published.types, ...Object.values(published.bin ?? {})].concat(
        Object.values(published.exports).flatMap((target) => Object.values(target as Record<string, string>)),
      );
      expect(
        found.filter((file) => !existsSync(join(dir, file))),
        manifest.name,
      ).toEqual([]);
    }
  });

  it('export what their sources export', async () => {
    // conformance can be imported inside of a test run only
    const list = JSON.stringify(names.filter((name) => name !== '@looplab/conformance'));
    const code = `const all = {}; for (const name of ${list}) all[name] = Object.keys(await import(name)).sort(); console.log(JSON.stringify(all));`;
    writeFileSync(join(scratch, 'names.mjs'), code);
    const built: unknown = JSON.parse((await run('node', ['names.mjs'], scratch)).stdout);
    const sources: unknown = JSON.parse((await run('node', ['--input-type=module', '-e', code])).stdout);
    expect(built).toEqual(sources);
    expect(built).toHaveProperty(['@looplab/core'], expect.arrayContaining(['loopLM']));
  });

  it('are typed', () => {
    const file = join(scratch, 'typed.ts');
    writeFileSync(
      file,
      `import { type Strategy, loopLM } from '@looplab/core';
import { element } from '@looplab/notebook/browser';
import { show } from '@looplab/notebook';
export const strategy: Strategy = loopLM();
export const wrong: string = loopLM();
show(1);
element(['x']);
`,
    );
    const program = ts.createProgram([file], {
      module: ts.ModuleKind.NodeNext,
      lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: [],
    });
    const lines = ts.getPreEmitDiagnostics(program).map(({ file: at, start }) => {
      return at && start !== undefined
        ? `${basename(at.fileName)} ${at.getLineAndCharacterOfPosition(start).line + 1}`
        : '';
    });
    expect(lines).toEqual(['typed.ts 5', 'typed.ts 6', 'typed.ts 7']);
  });

  it('hold a command that runs', async () => {
    const { stdout } = await run('node', [join(scratch, 'node_modules/@looplab/cli/dist/main.js'), '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

/** What the code cells of each notebook put out, in order: `stream` is printed text, all else a mime type. */
const SVG = 'image/svg+xml';
const HTML = 'text/html';
const outputsOf: Readonly<Record<string, readonly string[]>> = {
  quickstart: [SVG, HTML, SVG, SVG, SVG],
  'write-a-strategy': [SVG, SVG, HTML, HTML],
  'early-exit': [SVG, HTML, 'stream', SVG, SVG],
  probes: [SVG, HTML, 'stream', SVG, SVG],
  'paper-figures': [HTML, SVG, HTML, 'stream'],
  deno: [`${HTML} text/plain`, `application/vnd.vegalite.v5+json ${SVG} text/plain`],
};

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Text of an output; the notebook format splits it into lines. */
function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('') : String(value ?? '');
}

const hasJupyter = existsSync(join(jupyter, 'complete'));

describe.skipIf(!hasJupyter)(
  hasJupyter ? 'notebooks' : 'notebooks (skipped: needs Jupyter, run tools/setup-jupyter.sh)',
  { timeout: 240_000 },
  () => {
    // a place of their own below the checkout, so that packages resolve and nobody's results are read or written
    let place = '';
    let folder = '';
    beforeAll(() => {
      mkdirSync(join(root, '.cache', 'notebooks'), { recursive: true });
      place = mkdtempSync(join(root, '.cache', 'notebooks', 'run-'));
      folder = join(place, 'notebooks');
      cpSync(join(root, 'notebooks'), folder, { recursive: true });
      symlinkSync(join(root, 'experiments'), join(place, 'experiments'), 'junction');
    });
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    /** Executes a notebook of the place; nothing may go wrong in it. */
    async function outputsOfNotebook(name: string): Promise<Output[]> {
      const done = join(place, `${name}.ipynb`);
      const args = ['--from', 'ts:percent', '--to', 'ipynb', '--execute', '--run-path', folder, '--output', done];
      await run(join(jupyter, 'venv', 'bin', 'jupytext'), [...args, join(folder, `${name}.ts`)]);
      const { cells } = JSON.parse(readFileSync(done, 'utf8')) as { cells: { outputs?: Output[] }[] };
      const outputs = cells.flatMap((cell) => cell.outputs ?? []);
      expect(outputs.filter((o) => o.output_type === 'error' || o.name === 'stderr')).toEqual([]);
      return outputs;
    }

    it('are all looked at here', () => {
      const files = globSync('*.ts', { cwd: join(root, 'notebooks') }).map((file) => basename(file, '.ts'));
      expect(files.sort()).toEqual(Object.keys(outputsOf).sort());
    });

    // Deno's kernel may say that it is idle before its last output is out, on a busy machine
    it.each(Object.entries(outputsOf))('%s runs, and shows what it should', { retry: 2 }, async (name, expected) => {
      const outputs = await outputsOfNotebook(name);
      expect(
        outputs.map((o) =>
          o.data
            ? Object.keys(o.data)
                .sort((a, b) => (a < b ? -1 : 1))
                .join(' ')
            : o.output_type,
        ),
      ).toEqual(expected);
      for (const { data = {} } of outputs) {
        if (SVG in data) expect(textOf(data[SVG])).toMatch(/^<svg .*role="img" aria-label="[^"]+".*<\/svg>\s*$/s);
        if (HTML in data) expect(textOf(data[HTML])).toMatch(/<td[^>]*>[^<]+<\/td>/);
      }
      const printed = outputs.map((o) => textOf(o.text)).join('');
      if (name === 'paper-figures') expect(printed).toMatch(/^stale: 0\n\\begin\{tabular\}/);
      if (name === 'quickstart') expect(textOf(outputs[1]?.data?.[HTML]).match(/>finished</g)).toHaveLength(2);
    });

    it('can import every package in tslab', { retry: 2 }, async () => {
      // conformance can be imported inside of a test run only, and cli is a command
      const imported = names.filter((name) => !/conformance|cli$/.test(name)).map((name) => [name.split('/')[1], name]);
      const cells = [
        '// ---\n// jupyter:\n//   kernelspec:\n//     name: tslab\n//     display_name: tslab\n//     language: typescript\n// ---',
        imported.map(([as, name]) => `import * as ${as} from '${name}';`).join('\n'),
        `for (const all of [${imported.map(([as]) => as)}]) console.log(Object.keys(all).length);`,
      ];
      writeFileSync(join(folder, 'imports.ts'), `${cells.join('\n\n// %%\n')}\n`);
      const outputs = await outputsOfNotebook('imports');
      const counts = outputs
        .map((o) => textOf(o.text))
        .join('')
        .trim()
        .split('\n')
        .map(Number);
      expect(counts).toHaveLength(imported.length);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    it('print text where there is no kernel', async () => {
      const { stdout } = await run('node', ['deno.ts'], folder);
      expect(stdout).toMatch(/^Runs of the quickstart study\nvariant +seed +params +accuracy +expectedLoops\n/);
      expect(stdout).toContain('Accuracy after each loop. Line chart of Accuracy against Loop.');
    });
  },
);

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const hasPages = hasJupyter && chromium !== undefined;

describe.skipIf(!hasPages)(
  hasPages
    ? 'pages'
    : 'pages (skipped: needs Jupyter and Chromium, run tools/setup-jupyter.sh and tools/setup-chromium.sh)',
  { timeout: 240_000 },
  () => {
    it('are drawn in a browser that has no network', async () => {
      await run('node', ['tools/pages.ts']);
      const pages = join(root, '.cache', 'notebooks', 'pages');
      const kinds: Readonly<Record<string, string>> = {
        '.html': 'text/html',
        '.js': 'text/javascript',
        '.css': 'text/css',
      };
      const server = createServer(({ url = '/' }, response) => {
        const path = join(pages, new URL(url, 'http://x').pathname);
        if (!existsSync(path)) return void response.writeHead(404).end();
        response.writeHead(200, { 'content-type': kinds[extname(path)] ?? 'application/octet-stream' });
        response.end(readFileSync(path));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number }; // it listens on a port
      try {
        const { stdout } = await run(chromium ?? '', [
          ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
          ...['--disable-background-networking', `--user-data-dir=${join(scratch, 'chromium')}`],
          ...['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--virtual-time-budget=8000', '--dump-dom'],
          `http://127.0.0.1:${port}/depth.html`,
        ]);
        const [, body = ''] = stdout.replace(/data:font[^)]*/g, '').split('<body>');
        expect(body).not.toContain('observablehq--error');
        // Vega took the pictures' place, and one cell follows the other
        expect(body.match(/<svg[^>]*class="marks"/g)).toHaveLength(2);
        expect(body.match(/After <strong>2.*accuracy 0\.349/)).not.toBeNull();
      } finally {
        server.close();
      }
    });
  },
);
