// Finding and starting MLflow, and what people are told where that fails.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../testing/freePort.ts';
import { findMlflow } from './findMlflow.ts';
import { startServer } from './startServer.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-start-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('starting a server', () => {
  it('says what to do where there is no MLflow', () => {
    expect(() => findMlflow(join(root, 'none'), { PATH: root })).toThrow(
      'no MLflow is installed here; run tools/setup-mlflow.sh, or install uv or pipx',
    );
    const uv = join(root, 'uvx');
    writeFileSync(uv, '');
    expect(findMlflow(join(root, 'none'), { PATH: root })).toMatchObject({
      command: uv,
      args: ['--from', 'mlflow==3.17.2', 'mlflow'],
    });
  });

  it('says why one does not start', async () => {
    const broken = {
      command: process.execPath,
      args: ['-e', 'console.log("no such database"); process.exit(1)', '--'],
      what: 'MLflow x',
    };
    const starting = startServer({ mlflow: broken, folder: join(root, 'broken'), port: await freePort() });
    await expect(starting).rejects.toThrow(
      /MLflow x does not start: it ended; the end of .*server\.log:\nno such database/,
    );
    const absent = { command: join(root, 'nothing'), args: [], what: 'MLflow y' };
    await expect(startServer({ mlflow: absent, folder: join(root, 'absent'), port: await freePort() })).rejects.toThrow(
      /MLflow y does not start: spawn .*ENOENT/,
    );
  });
});
