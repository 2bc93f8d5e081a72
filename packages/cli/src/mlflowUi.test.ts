// `looplab mlflow ui` through the real command, with a real server.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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
import { afterAll, describe, expect, it } from 'vitest';
import { type Kill, looplab, root } from './looplab.test-process.ts';

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
      kill('SIGINT');
      const { code, out, err } = await ended;
      expect({ code, out }).toEqual({ code: 0, out: `${client.uri}\n` });
      expect(err).toContain('2 runs brought up to date');
      await expect(fetch(client.uri)).rejects.toThrow();
    });
  },
);
