// The page about runs: what it serves and to whom, what hostile names do to it, and how it looks after a thousand runs.
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeQuickstart } from '../synthetic.test-data.ts';
import { RunIndex } from './runIndex.ts';
import { type Watch, watch } from './server.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-watch-'));
const results = join(root, 'results');
writeQuickstart(join(results, 'quick'));
writeFileSync(join(root, 'secret.txt'), 'secret');
const HOSTILE = '<img src=x onerror="document.title=\'hacked\'">';
hostileRun(join(results, 'hostile', HOSTILE));

function hostileRun(dir: string): void {
  const like = new RunIndex(results).lines()[0]?.id ?? '';
  cpSync(join(results, like), dir, { recursive: true });
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, study: HOSTILE, variant: HOSTILE }));
}

let page: Watch;
beforeAll(async () => {
  page = await watch({ root: results });
});
afterAll(async () => {
  await page.close();
  rmSync(root, { recursive: true });
});

interface Reply {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

/** A request with the path exactly as given; `fetch` would tidy it up. */
function ask(path: string, change: { method?: string; host?: string; token?: string } = {}): Promise<Reply> {
  const at = new URL(page.url);
  const token = change.token ?? at.searchParams.get('token');
  const full = `${path}${path.includes('?') ? '&' : '?'}token=${token}`;
  const headers = { host: change.host ?? at.host };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: at.port, path: full, method: change.method ?? 'GET', headers });
    sent.on('error', reject);
    sent.on('response', (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (part: string) => (body += part));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body, headers: reply.headers }));
    });
    sent.end();
  });
}

describe('the server', () => {
  it('listens on this machine only, on a free port, with a token of its own', async () => {
    expect(page.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
    const other = await watch({ root: results });
    expect(new URL(other.url).searchParams.get('token')).not.toBe(new URL(page.url).searchParams.get('token'));
    await other.close();
  });

  it.each([
    ['without the token', '/runs', { token: '' }, 403],
    ['with another token', '/runs', { token: 'x'.repeat(32) }, 403],
    ['under another name (DNS rebinding)', '/runs', { host: 'evil.example' }, 421],
    ['with a method that could write', '/runs', { method: 'POST' }, 405],
    ['for something that is not there', '/nothing', {}, 404],
  ])('refuses a request %s', async (_, path, change, status) => {
    const reply = await ask(path, change);
    expect(reply.status).toBe(status);
    expect(reply.body).not.toContain('quick');
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/figures?run=../secret.txt',
    '/figures?run=..%2f..%2fetc%2fpasswd',
    '/curves?curve=accuracy&run=%2fetc%2fpasswd',
    '/differences?run=../../secret.txt',
    '/page.js/../../secret.txt',
  ])('gives nothing from outside the folder for %s', async (path) => {
    const { body } = await ask(path);
    expect(body).not.toContain('secret');
    expect(body).not.toContain('root:');
  });

  it('lists, compares and draws runs', async () => {
    const { runs } = JSON.parse((await ask('/runs')).body);
    expect(runs).toHaveLength(7);
    expect(runs[1]).toMatchObject({
      study: 'quickstart',
      seed: expect.any(Number),
      state: 'finished',
      accuracy: expect.any(Number),
    });
    const ids = runs
      .filter((r: { study: string }) => r.study === 'quickstart')
      .map((r: { id: string }) => `run=${encodeURIComponent(r.id)}`);
    const curves = JSON.parse((await ask(`/curves?curve=loss&${ids.join('&')}`)).body);
    expect(curves[0].points.length).toBeGreaterThan(2);
    const rows = JSON.parse((await ask(`/differences?${ids.join('&')}`)).body);
    expect(rows.map((r: { key: string }) => r.key)).toContain('strategy.id');
    const figures = JSON.parse((await ask(`/figures?${ids.join('&')}`)).body);
    expect(figures[0].svg).toMatch(/^<svg/);
    expect((await ask('/curves?curve=height')).status).toBe(404);
    expect((await ask('/figures')).body).toBe('choose runs to draw');
  });

  it('forbids scripts from elsewhere, frames, and telling others the address', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self' 'unsafe-eval';/);
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
  });

  it('says which folder is not there', async () => {
    await expect(watch({ root: join(root, 'gone') })).rejects.toThrow(/there is no folder .*gone; run a study first/);
    const { port } = new URL(page.url);
    await expect(watch({ root: results, port: Number(port) })).rejects.toThrow(/choose another --port/);
  });
});

describe('the list of runs', () => {
  it('reads a folder again only when it changed, and shows one that cannot be read', () => {
    const dir = join(root, 'changing');
    writeQuickstart(join(dir, 'quick'), 1);
    const index = new RunIndex(dir);
    const [first] = index.lines();
    expect(index.lines()[0]).toBe(first);
    writeFileSync(join(dir, first?.id ?? '', 'config.json'), '{ "half": ');
    const broken = index.lines().find((l) => l.state === 'unreadable');
    expect(broken?.error).toContain('is not JSON');
    expect(index.run(broken?.id ?? '')).toBeUndefined();
    expect(index.run('../results')).toBeUndefined();
  });
});

describe('a run whose process is gone', () => {
  const dir = join(root, 'lost');
  writeQuickstart(dir, 1);
  const path = join(dir, 'a0f3', 'status.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), status: 'running' }));
  const gone = { status: 'failed', cause: 'infra', error: 'its process is gone' };

  it('is what those say who know, from the moment they know it, though no file changes', () => {
    let isGone = false;
    const index = new RunIndex(dir, (at) => (isGone && at.endsWith('a0f3') ? gone : undefined));
    expect(index.lines().map((l) => l.state)).toEqual(['running', 'finished']);
    isGone = true;
    expect(index.lines()[0]).toMatchObject({ state: 'failed', cause: 'infra', error: 'its process is gone' });
    expect(index.lines()[0]).toBe(index.lines()[0]);
  });

  it('is on the page what they say', async () => {
    const told = await watch({ root: dir, statusOf: (at) => (at.endsWith('a0f3') ? gone : undefined) });
    try {
      const reply = await fetch(told.url.replace('/?', '/runs?'));
      const { runs } = (await reply.json()) as { runs: unknown[] };
      expect(runs[0]).toMatchObject({ state: 'failed', cause: 'infra' });
    } finally {
      await told.close();
    }
  });
});

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
describe.skipIf(browser === undefined)(
  browser ? 'in a browser' : 'skipped: needs Chromium, run tools/setup-chromium.sh',
  () => {
    const withPage = async (f: (tab: Page) => Promise<void>, url = page.url): Promise<void> => {
      const opened = await chromium.launch({
        executablePath: browser ?? '',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
      });
      try {
        const tab = await opened.newPage();
        const errors: string[] = [];
        tab.on('pageerror', (error) => errors.push(error.message));
        await tab.goto(url);
        await tab.waitForSelector('#list input');
        await f(tab);
        expect(errors).toEqual([]);
      } finally {
        await opened.close();
      }
    };

    it(
      'filters, draws curves, compares and draws figures',
      () =>
        withPage(async (tab) => {
          await tab.fill('#filter', 'study:quick strategy:loop');
          expect(await tab.textContent('#count')).toBe('3 of 7 runs');
          for (const box of await tab.locator('#list input').all()) await box.check();
          await tab.waitForSelector('#curves svg');
          await tab.waitForSelector('#comparison td');
          expect(await tab.textContent('#comparison')).toContain('seed');
          await tab.click('#draw');
          await tab.waitForSelector('#drawn img');
          await tab.click('#none');
          await tab.waitForSelector('#curves .empty');
        }),
      40_000,
    );

    it(
      'shows hostile names as text',
      () =>
        withPage(async (tab) => {
          await tab.fill('#filter', 'onerror');
          await tab.locator('#list input').first().check();
          await tab.waitForSelector('#curves svg');
          await tab.waitForSelector('#comparison table');
          await tab.click('#draw');
          await tab.waitForSelector('#drawn img');
          expect(await tab.title()).toBe('LoopLab runs');
          expect(await tab.locator('img[src="x"]').count()).toBe(0);
          expect(await tab.textContent('#list')).toContain(HOSTILE);
        }),
      40_000,
    );

    it('shows the name of a hostile folder as text where that is all it knows of a run', async () => {
      const unreadable = join(root, 'unreadable');
      mkdirSync(join(unreadable, 'study', HOSTILE), { recursive: true });
      writeFileSync(join(unreadable, 'study', HOSTILE, 'config.json'), '{');
      const broken = await watch({ root: unreadable });
      try {
        await withPage(async (tab) => {
          expect(await tab.textContent('#list')).toContain(`study/${HOSTILE}`);
          expect(await tab.title()).toBe('LoopLab runs');
          expect(await tab.locator('img[src="x"]').count()).toBe(0);
        }, broken.url);
      } finally {
        await broken.close();
      }
    }, 40_000);

    it('shows an evaluation that is written while it is open', async () => {
      const growing = join(root, 'growing');
      writeQuickstart(growing, 1);
      const [run] = new RunIndex(growing).lines();
      const metrics = join(growing, run?.id ?? '', 'metrics.jsonl');
      const last = JSON.parse(readFileSync(metrics, 'utf8').trimEnd().split('\n').at(-1) ?? '');
      expect(last.kind).toBe('eval');
      const open = await watch({ root: growing });
      try {
        await withPage(async (tab) => {
          await tab.locator(`#list input[value="${run?.id}"]`).check();
          const points = tab.locator('#curves svg .mark-symbol path');
          await points.first().waitFor();
          const before = await points.count();
          const next = { ...last, step: last.step + 100, accuracy: 0.123, loss: 4.567 };
          appendFileSync(metrics, `${JSON.stringify(next)}\n`);
          await tab.waitForFunction(
            (n) => document.querySelectorAll('#curves svg .mark-symbol path').length > n,
            before,
          );
          expect(await points.count()).toBe(before + 1);
          const row = await tab.locator(`#list tr:has(input[value="${run?.id}"])`).textContent();
          expect(row).toMatch(/12\.3%.*4\.567/);
          expect(await tab.textContent('#comparison')).toContain('12.3%');
        }, open.url);
      } finally {
        await open.close();
      }
    }, 60_000);

    it('holds a thousand runs', async () => {
      const many = join(root, 'many');
      writeQuickstart(join(many, 'quick'), 1);
      const like = join(many, new RunIndex(many).lines()[0]?.id ?? '');
      const config = JSON.parse(readFileSync(join(like, 'config.json'), 'utf8'));
      for (let i = 0; i < 998; i++) {
        const dir = join(many, `study${i % 10}`, `run${i}`);
        mkdirSync(dir, { recursive: true });
        writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, study: `study${i % 10}`, seed: i }));
        cpSync(join(like, 'metrics.jsonl'), join(dir, 'metrics.jsonl'));
      }
      const large = await watch({ root: many });
      try {
        await withPage(async (tab) => {
          expect(await tab.textContent('#count')).toBe('1000 runs');
          await tab.fill('#filter', 'study:study3');
          expect(await tab.textContent('#count')).toBe('100 of 1000 runs');
          await tab.locator('#list input').first().check();
          await tab.waitForSelector('#curves svg');
        }, large.url);
      } finally {
        await large.close();
      }
    }, 240_000);
  },
);
