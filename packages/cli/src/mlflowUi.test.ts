// `looplab mlflow ui` through the real command, with a real server; and one that dies.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { installedMlflows, MlflowClient } from '@looplab/mlflow';
import {
  appendLines,
  expectedPoints,
  freePort,
  metricLines,
  readBack,
  setStatus,
  writeRun,
} from '@looplab/mlflow/testing';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type Kill, looplab, root } from './looplab.test-process.ts';
import { serveRuns } from './mlflowRuns.ts';

// for what runs in this process; the command in its own finds what is installed
vi.mock('@looplab/mlflow', async (original) => ({
  ...(await original<typeof import('@looplab/mlflow')>()),
  findMlflow: () => ({ command: process.execPath, args: ['-e', healthyOnce, '--'], what: 'MLflow x' }),
}));

/** Answers one request and ends. */
const healthyOnce = `
  const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
  const server = require('node:http').createServer((_, reply) => reply.end('OK', () => setTimeout(() => process.exit(1), 50)));
  server.listen(port, '127.0.0.1');
`;

const scratch = mkdtempSync(join(tmpdir(), 'looplab-cli-mlflow-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A results folder with two runs of study `mano`. */
function newResults(): string {
  for (const [seed, id] of ['a', 'b'].entries()) {
    writeRun(join(scratch, 'results', 'mano', id), { id, lines: metricLines(0, 300), config: { seed } });
  }
  return join(scratch, 'results');
}

const hasMlflow = installedMlflows(join(root, '.cache')).length > 0;

describe.skipIf(!hasMlflow)(
  hasMlflow ? 'looplab mlflow ui' : 'skipped: needs an MLflow server, run tools/setup-mlflow.sh',
  { timeout: 240_000 },
  () => {
    it('serves all runs, keeps up with them, and ends at Ctrl-C with its server', async () => {
      const results = newResults();
      const port = await freePort();
      let kill: Kill = () => {};
      const args = ['mlflow', 'ui', '--results', results, '--port', String(port)];
      const ended = looplab(args, undefined, (k) => {
        kill = k;
      });
      const client = new MlflowClient({ uri: `http://127.0.0.1:${port}`, timeoutMs: 10_000, retries: 0 });
      const shown = async () => readBack(client, 'mano').catch(() => []);
      const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
        while (!(await isTrue())) await pause(200);
      };
      await until(async () => (await shown()).filter((run) => run.status === 'FINISHED').length === 2);
      const page = await fetch(`${client.uri}/`);
      expect(await page.text()).toContain('<html');
      appendLines(join(results, 'mano', 'a'), metricLines(300, 400));
      setStatus(join(results, 'mano', 'a'), 'failed');
      await until(async () => (await shown()).some((run) => run.status === 'FAILED'));
      expect((await shown())[0]?.points).toEqual(expectedPoints(metricLines(0, 400)));
      expect(existsSync(join(results, '.mlflow', 'mlflow.db'))).toBe(true);
      // analyses come one by one, long after the run has ended
      const analyses = join(results, 'mano', 'a', 'artifacts', 'analysis');
      mkdirSync(analyses);
      for (const name of ['depth.json', 'probes.json']) {
        writeFileSync(join(analyses, `.${name}`), '{}');
        renameSync(join(analyses, `.${name}`), join(analyses, name));
        const stored = () => readdirSync(join(results, '.mlflow', 'artifacts'), { recursive: true, encoding: 'utf8' });
        await until(async () => stored().some((path) => path.endsWith(join('analysis', name))));
      }
      kill('SIGINT');
      const { code, out, err } = await ended;
      expect({ code, out }).toEqual({ code: 0, out: `${client.uri}\n` });
      expect(err).toContain('2 runs brought up to date');
      await expect(fetch(client.uri)).rejects.toThrow();
    });
  },
);

it('says so where the server ends by itself', { timeout: 60_000 }, async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const serving = serveRuns({ runs: [], results: join(scratch, 'none'), port: await freePort() });
    await expect(serving).rejects.toThrow(/the server has ended by itself; its log is .*server\.log/);
  } finally {
    write.mockRestore();
  }
});
