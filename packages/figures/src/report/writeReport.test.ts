// Checks reports: whole, self-contained, the same each time, safe against hostile names, and alive in a real browser.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readRuns } from '../readRun.ts';
import { writeQuickstart, writeSyntheticRun } from '../synthetic.test-data.ts';
import { escapeHtml, scriptJson, scriptSource } from './html.ts';
import { reportHtml, writeReport } from './writeReport.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-report-'));
afterAll(() => rmSync(root, { recursive: true, maxRetries: 5 })); // a browser may still be writing its last file
writeQuickstart(join(root, 'quick'));
const runs = readRuns(join(root, 'quick'));
const options = {
  title: 'Looped beats plain',
  runs,
  description: 'Same parameters, same data.',
  commands: ['npm run quickstart'],
  chance: 1 / 6,
  tables: [{ title: 'Claim', columns: ['Claim', 'Gap'], rows: [['looped beats plain', 0.16]], note: 'in accuracy' }],
  out: join(root, 'out', 'report.html'),
} as const;

const attack = `</script><img src=x onerror="document.title='owned'"><!--<script>'"&`;
writeSyntheticRun(join(root, 'hostile'), {
  id: 'h',
  strategy: attack,
  layers: 1,
  loops: 2,
  seed: 0,
  reach: [0.3, 0.5],
  config: { study: attack, objective: { id: attack }, task: { name: attack, note: attack } },
});
const manifest = join(root, 'hostile', 'h', 'manifest.json');
writeFileSync(
  manifest,
  JSON.stringify({
    cpu: attack,
    device: attack,
    node: attack,
    git: { sha: attack },
    createdAt: attack,
    packages: { [attack]: attack },
  }),
);
const hostile = {
  title: attack,
  description: attack,
  commands: [attack],
  runs: readRuns(join(root, 'hostile')),
  out: join(root, 'hostile.html'),
  tables: [{ title: attack, columns: [attack], rows: [[attack]], note: attack }],
};

describe('a report', () => {
  it('says what it shows, from what and how', async () => {
    const { path, bytes } = await writeReport(options);
    const html = readFileSync(path, 'utf8');
    expect(bytes).toBe(Buffer.byteLength(html));
    for (const text of [
      '<h1>Looped beats plain</h1>',
      'Same parameters, same data.',
      'Accuracy after each loop',
      'Accuracy while training',
      'When the model answers',
      'npm run quickstart',
      'commit 4f1c2a9d7be0',
      'Example CPU @ 2.6 GHz, 2 cores, Node 24.21.0',
      'groupWords (group S3, seq 16)',
      'All 6 runs',
      'looped beats plain',
      '50\u2009240',
      '32 s',
    ])
      expect(html).toContain(text);
    expect(html.match(/<svg xmlns/g)).toHaveLength(6); // three charts, light and dark, for readers without scripts
    expect(html).not.toContain('did not finish');
  });

  it('is the same each time', async () => {
    expect(await reportHtml(options)).toBe(await reportHtml(options));
  });

  it('asks for nothing from outside', async () => {
    const html = await reportHtml(options);
    expect(html).toContain("default-src 'none'");
    const page = html.replace(/<script>[\s\S]*?<\/script>/g, '').replace(/<script id="charts"[\s\S]*?<\/script>/, '');
    expect(page).not.toMatch(/\s(src|href|srcset|action)=/);
    expect(page.replace(/url\(data:font[^)]*\)/g, '')).not.toMatch(/url\((?!#)|@import/);
  });

  it('has scripts that parse', async () => {
    const html = await reportHtml(options);
    const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((m) => m[1] ?? '');
    expect(scripts).toHaveLength(4);
    for (const script of scripts) expect(() => new Function(script)).not.toThrow();
    const json = /<script id="charts" type="application\/json">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
    expect(JSON.parse(json).charts).toHaveLength(3);
  });

  it('warns of runs that did not finish', async () => {
    const html = await reportHtml({
      ...options,
      runs: runs.map((run, i) => (i === 0 ? { ...run, state: 'diverged' } : run)),
    });
    expect(html).toContain('1 of 6 runs did not finish</strong> (1 diverged)');
  });

  it('shows names from data as text', async () => {
    const html = await reportHtml(hostile);
    expect(html.replace(/<script>[\s\S]*?<\/script>/g, '').includes('<img')).toBe(false);
    expect(html.match(/<script/g)?.length).toBe(5);
    expect(html.match(/<\/script/g)?.length).toBe(5);
    expect(html).toContain('&lt;img src=x onerror=&quot;');
  });

  it('says where it cannot be written', async () => {
    await expect(writeReport({ ...options, out: join(manifest, 'report.html') })).rejects.toThrow(
      /cannot write .*; choose another place/,
    );
  });
});

it('escapes for HTML and for scripts', () => {
  expect(escapeHtml(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = scriptJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text).not.toMatch(/[<>&\u2028\u2029]/);
    }),
  );
  expect(scriptSource(`a='</script>';b='<!--'`)).toBe(`a='<\\/script>';b='<\\!--'`);
});

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
describe.skipIf(browser === undefined)(
  browser ? 'in a browser' : 'skipped: needs Chromium, run tools/setup-chromium.sh',
  () => {
    const dump = async (path: string, size: string) => {
      const flags = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${join(root, 'browser')}`,
        `--window-size=${size}`,
        '--virtual-time-budget=8000',
        '--dump-dom',
        `file://${path}`,
      ];
      const { stdout } = await promisify(execFile)(browser ?? '', flags, { maxBuffer: 64 << 20, timeout: 25_000 });
      return stdout.replace(/<script[\s\S]*?<\/script>/g, '');
    };

    it('draws live charts', async () => {
      await writeReport(options);
      const dom = await dump(options.out, '1280,900');
      expect(dom.match(/<figure class="card[^"]* live"/g)).toHaveLength(3);
      expect(dom.match(/class="vega-embed[ "]/g)).toHaveLength(3);
      expect(dom).not.toContain('class="still');
    });

    it('runs nothing that comes from data', async () => {
      await writeReport(hostile);
      const dom = await dump(hostile.out, '1280,900');
      expect(dom).not.toContain('<title>owned');
      expect(dom).not.toContain('<img');
      expect(dom).toMatch(/<figure class="card[^"]* live"/);
    });
  },
);
