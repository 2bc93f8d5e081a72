// What every launcher must do; a new one passes by being put into the list of launchers.test.ts.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { grid, type Launcher, type LaunchTask, planSweep, runSweep, type TaskState } from '@looplab/sweep';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeStudy, fakeWorker, ledger } from './fakeStudy.ts';
import { tempDir } from './tempDir.ts';

export interface Conformance {
  readonly name: string;
  /** Another launcher of the same kind each time. */
  readonly make: () => Launcher;
  /** Why it cannot be tried here, and how to change that. */
  readonly skip?: string | undefined;
  /** Milliseconds that a task may take from submission to its end. */
  readonly patience: number;
}

const program = join(import.meta.dirname, 'launcherProgram.mjs');

/** Declares the tests of one launcher. */
export function launcherConformance({ name, make, skip, patience }: Conformance): void {
  const open: Launcher[] = [];
  const launcher = (): Launcher => {
    const made = make();
    open.push(made);
    return made;
  };
  let count = 0;
  const task = (folder: string, file: string, what: string): LaunchTask => ({
    name: `test-${process.pid}-${count++}-${file.replaceAll(/\W/g, '')}`,
    argv: [process.execPath, program, folder, file, what, 'it\'s $5 "a" `day`'],
    log: join(folder, `${file}.log`),
    threads: 1,
  });
  const said = (folder: string, file: string): string[] => {
    const path = join(folder, file);
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  };
  const until = async (of: Launcher, what: () => boolean | Promise<boolean>): Promise<void> => {
    const end = Date.now() + patience;
    while (!(await what())) {
      if (Date.now() > end) throw new Error(`${name}: waited for ${patience / 1000} s in vain`);
      await of.wait(100);
    }
  };
  const stateOf = async (of: Launcher, handle: string): Promise<TaskState> => {
    const [state] = await of.poll([handle]);
    if (state === undefined) throw new Error('poll must give a state for each handle');
    return state;
  };
  const ended = async (of: Launcher, handle: string): Promise<TaskState & { state: 'ended' }> => {
    const seen: (TaskState & { state: 'ended' })[] = [];
    await until(of, async () => {
      const state = await stateOf(of, handle);
      if (state.state === 'ended') seen.push(state);
      return seen.length > 0;
    });
    return seen[0] ?? { state: 'ended' };
  };
  /** Submits one task and waits until it says something. */
  const begun = async (of: Launcher, folder: string, file: string, what: string): Promise<string> => {
    const [handle = ''] = await of.submit([task(folder, file, what)]);
    await until(of, () => said(folder, file).length >= 2);
    return handle;
  };

  describe.skipIf(skip !== undefined)(
    `launcher ${name}${skip === undefined ? '' : ` (skipped: ${skip})`}`,
    { timeout: 4 * patience },
    () => {
      afterEach(async () => {
        await Promise.all(open.splice(0).map((each) => each.close()));
      });

      test('runs a program with its arguments, and appends what it prints to the log', async () => {
        const folder = join(tempDir(), "a folder's name");
        mkdirSync(folder);
        const of = launcher();
        for (let i = 0; i < 2; i++) {
          const [handle = ''] = await of.submit([task(folder, 'one', 'end')]);
          const { code } = await ended(of, handle);
          expect([undefined, 0]).toContain(code);
        }
        const lines = said(folder, 'one');
        expect(lines.filter((l) => !l.startsWith('pid'))).toEqual(
          Array(2).fill(['end it\'s $5 "a" `day`', 'ended']).flat(),
        );
        await until(of, () => said(folder, 'one.log').length >= 6);
        expect(said(folder, 'one.log').filter((l) => l === 'ended')).toHaveLength(2);
      });

      test('runs many tasks of one submission, each once', async () => {
        const folder = tempDir();
        const of = launcher();
        const names = ['a', 'b', 'c', 'd', 'e'];
        const handles = await of.submit(names.map((n) => task(folder, n, 'end')));
        expect(new Set(handles).size).toBe(names.length);
        for (const handle of handles) await ended(of, handle);
        for (const n of names) expect(said(folder, n)).toHaveLength(3);
      });

      test('tells an exit code, or that it does not know it', async () => {
        const of = launcher();
        const [handle = ''] = await of.submit([task(tempDir(), 'one', 'fail')]);
        expect([undefined, 42]).toContain((await ended(of, handle)).code);
      });

      test('says that a task is under way, and asks it to save and end', async () => {
        const folder = tempDir();
        const of = launcher();
        const handle = await begun(of, folder, 'one', 'save');
        expect((await stateOf(of, handle)).state).toBe('running');
        await of.stop([handle]);
        await ended(of, handle);
        expect(said(folder, 'one').at(-1)).toBe('saved');
      });

      test('ends a task that does not listen', async () => {
        const folder = tempDir();
        const of = launcher();
        const handle = await begun(of, folder, 'one', 'stay');
        await of.stop([handle], { force: true });
        await ended(of, handle);
      });

      test('notices that a process was killed', async () => {
        const folder = tempDir();
        const of = launcher();
        const handle = await begun(of, folder, 'one', 'stay');
        process.kill(Number(said(folder, 'one')[0]?.split(' ')[1]), 'SIGKILL');
        expect([undefined, 137, 0, 1]).toContain((await ended(of, handle)).code);
      });

      test('takes a handle that nobody knows for one that is over', async () => {
        const of = launcher();
        expect((await stateOf(of, '999999_0')).state).toBe('ended');
        await of.stop(['999999_0']);
        await of.stop(['999999_0'], { force: true });
      });

      test('leaves tasks alone when it goes, if they outlive it, and another one finds them', async () => {
        const folder = tempDir();
        const of = launcher();
        if (!of.outlives) return;
        const handle = await begun(of, folder, 'one', 'save');
        await of.close();
        const next = launcher();
        expect((await stateOf(next, handle)).state).toBe('running');
        await next.stop([handle]);
        await ended(next, handle);
        expect(said(folder, 'one').at(-1)).toBe('saved');
      });

      test('carries a sweep, a process of which is killed in the middle, to its end', async () => {
        const results = tempDir();
        const plan = planSweep(fakeStudy, {
          search: grid({ 'train.lr': [0.01, 0.02, 0.03], 'train.weightDecay': [0, 4] }),
          code: 'test',
        });
        const { rows, end } = await runSweep(plan, {
          results,
          launcher: launcher(),
          worker: fakeWorker,
          device: 'cpu',
        });
        expect(end).toBe('complete');
        expect(rows.map((r) => r.status)).toEqual(Array(6).fill('finished'));
        const lines = ledger(results);
        expect(lines.filter((l) => l.what === 'finished')).toHaveLength(6);
        expect(lines.filter((l) => l.what === 1)).toHaveLength(6); // those that were killed went on from their checkpoint
      });
    },
  );
}
