// What is special about processes of this machine.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RunFolderError } from '@looplab/train';
import { expect, test } from 'vitest';
import { tempDir } from '../../test/tempDir.ts';
import { local } from './local.ts';

const task = (argv: string[], log: string) => ({ name: 'a', argv, log, threads: 1 });

test('a program that is not there is over at once, with the reason', async () => {
  const launcher = local();
  const [handle = ''] = await launcher.submit([task(['/no/such/program'], join(tempDir(), 'log'))]);
  await launcher.wait(5000);
  expect(await launcher.poll([handle])).toEqual([{ state: 'ended', reason: 'no such file or folder (ENOENT)' }]);
});

test('a log that cannot be written is one clear error', async () => {
  const log = join(tempDir(), 'log');
  mkdirSync(log);
  await expect(local().submit([task(['true'], log)])).rejects.toThrow(RunFolderError);
  await expect(local().submit([task(['true'], log)])).rejects.toThrow(/cannot write .*log: there is a folder/);
});

test('an end is noticed at once, not at the next look', async () => {
  const launcher = local();
  await launcher.submit([task([process.execPath, '-e', ''], join(tempDir(), 'log'))]);
  const begun = performance.now();
  await launcher.wait(60_000);
  expect(performance.now() - begun).toBeLessThan(30_000);
});
