// A read-only page about run folders on this machine: lists, live curves, comparison and figures, behind a token.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultCharts } from '../charts/defaultCharts.ts';
import type { StatusOf } from '../readRun.ts';
import { renderSvg } from '../render.ts';
import { libraries, sourceOf } from '../report/libraries.ts';
import { FiguresError, type Run } from '../run.ts';
import type { Curve } from '../tables.ts';
import type { Mode } from '../theme.ts';
import { curvesOf, differences } from './curves.ts';
import { clientScript, pageHtml } from './page.ts';
import { RunIndex } from './runIndex.ts';

export interface WatchOptions {
  /** Folder of runs; studies and sweeps below it are found. */
  readonly root: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: nobody but this machine. */
  readonly host?: string;
  /** How a run stands, for those who know whether its process is still there; default: as its `status.json` says. */
  readonly statusOf?: StatusOf;
}

/** A running page. */
export interface Watch {
  /** With the token, without which nothing is served. */
  readonly url: string;
  close(): Promise<void>;
}

/** At most this many runs are compared or drawn in one request. */
const MOST_RUNS = 200;

const curves: readonly Curve[] = ['accuracy', 'loss', 'bitsPerByte', 'trainLoss'];

/**
 * Serves the page until it is closed. Files are only read; what is served are the lists, curves and charts made from them,
 * for run folders below `root` and nothing else.
 * @throws FiguresError where there is no such folder or the address cannot be used
 */
export async function watch({ root, port = 0, host = '127.0.0.1', statusOf }: WatchOptions): Promise<Watch> {
  const index = new RunIndex(root, statusOf);
  const token = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const known = error instanceof FiguresError;
      send(response, known ? 404 : 500, 'text/plain', known ? error.message : 'the page failed; see the console');
      if (!known) process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://page');
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'read only');
    // A page of another site whose name was pointed at this address would send that name.
    if (!isOurs(request.headers.host, server.address() as AddressInfo, host))
      return send(response, 421, 'text/plain', 'wrong host');
    if (!same(url.searchParams.get('token') ?? '', token))
      return send(
        response,
        403,
        'text/plain',
        'the token is missing or wrong; use the address that looplab watch printed',
      );
    const path = url.pathname;
    if (path === '/') return send(response, 200, 'text/html', pageHtml(token));
    if (path === '/page.js') return send(response, 200, 'text/javascript', clientScript);
    const library = libraries.find((l) => path === `/${l.name}.js`);
    if (library) return send(response, 200, 'text/javascript', sourceOf(library));
    if (path === '/runs') return json(response, { root, runs: index.lines() });
    const asked = url.searchParams.getAll('run').slice(0, MOST_RUNS);
    if (path === '/curves') {
      const curve = curves.find((c) => c === url.searchParams.get('curve'));
      if (!curve) throw new FiguresError(`there is no such curve; there are ${curves.join(', ')}`);
      return json(response, curvesOf(chosen(asked), curve));
    }
    if (path === '/differences') return json(response, differences(chosen(asked)));
    if (path === '/figures')
      return json(
        response,
        await figuresOf(
          chosen(asked).map(([, run]) => run),
          modeOf(url),
        ),
      );
    return send(response, 404, 'text/plain', 'there is no such page');
  }

  function chosen(ids: readonly string[]): [string, Run][] {
    return ids.flatMap((id) => {
      const run = index.run(id);
      return run ? [[id, run] as [string, Run]] : [];
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new FiguresError(`cannot serve on ${host}:${port} (${error.message}); choose another --port`)),
    );
    server.listen(port, host, resolve);
  });
  const at = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${at.port}/?token=${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function figuresOf(runs: readonly Run[], mode: Mode): Promise<{ title: string; caption: string; svg: string }[]> {
  if (runs.length === 0) throw new FiguresError('choose runs to draw');
  const charts = defaultCharts(runs);
  return Promise.all(
    charts.map(async (chart, i) => ({
      title: chart.title,
      caption: chart.caption,
      svg: await renderSvg(chart.spec, {
        ...{ mode, width: 640, height: 320, bare: true, alt: chart.alt, idPrefix: `f${i}-` },
      }),
    })),
  );
}

const modeOf = (url: URL): Mode => (url.searchParams.get('mode') === 'dark' ? 'dark' : 'light');

function isOurs(given: string | undefined, { port }: AddressInfo, host: string): boolean {
  const names = [host.includes(':') ? `[${host}]` : host, ...(host === '127.0.0.1' ? ['localhost'] : [])];
  // Who opens the page to other machines knows it by other names.
  if (host === '0.0.0.0' || host === '::') return true;
  return names.some((name) => given === `${name}:${port}`);
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function json(response: ServerResponse, value: unknown): void {
  send(response, 200, 'application/json', JSON.stringify(value));
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer', // the address holds the token
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy':
      "default-src 'none'; connect-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; base-uri 'none'; form-action 'none'",
  });
  response.end(body);
}
