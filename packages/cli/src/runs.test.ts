// `looplab runs`: each of its commands on runs by name and by condition, as text, JSON and CSV, and what is refused.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromCSV } from 'arquero';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCli } from './cli.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-cli-runs-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

const ids = ['aaaaaaaaaaaa', 'aaaabbbbbbbb', 'cccccccccccc'] as const;
let results = '';
beforeEach(() => {
  results = mkdtempSync(join(root, 'results-'));
  writeRun(ids[0], 'looped', 0.5, 'finished');
  writeRun(ids[1], 'plain, or "not"', 1 / 3, 'finished');
  writeRun(ids[2], 'looped', 0.25, 'failed');
});

/** A run of 4 steps with one evaluation and a log of three lines. */
function writeRun(run: string, variant: string, accuracy: number, status: string): void {
  const dir = join(results, 'mano', run);
  mkdirSync(dir, { recursive: true });
  const write = (name: string, value: object): void => writeFileSync(join(dir, name), `${JSON.stringify(value)}\n`);
  const model = { loops: variant === 'looped' ? 4 : 1, sizes: [1, 2, run] };
  write('config.json', { study: 'mano', variant, strategy: { id: 'loopLM' }, model, seed: 0 });
  write('status.json', { status, step: 4, steps: 4, ...(status === 'failed' ? { cause: 'user', error: 'no' } : {}) });
  write('metrics.jsonl', { step: 4, kind: 'eval', loss: 1, accuracy, accuracyPerLoop: [accuracy] });
  writeFileSync(join(dir, 'log.txt'), 'one\ntwo "2"\nthree\n');
}

async function runs(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    vi.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runCli(['runs', ...args, '--results', results]), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const json = async (...args: string[]) => JSON.parse((await runs(...args, '--json')).out);
const csv = async (...args: string[]) => fromCSV((await runs(...args, '--csv')).out).objects() as Row[];
type Row = Record<string, unknown>;

describe('one run', () => {
  it.each([[['cc']], [['--where', 'status=failed']], [['--where', 'variant=looped', '--where', 'accuracy<0.5']]])(
    'is shown by %j in every form',
    async (which) => {
      expect((await runs('show', ...which)).out).toMatch(/^model.loops +4$/m);
      expect(await json('show', ...which)).toMatchObject({ run: ids[2], evaluations: [{ accuracy: 0.25 }] });
      const rows = await csv('show', ...which);
      expect(rows).toHaveLength(1);
      expect(rows).toEqual(await csv('ls', '--where', 'status=failed'));
      expect(rows[0]).toMatchObject({ run: ids[2], cause: 'user', 'model.sizes': `[1,2,"${ids[2]}"]` });
    },
  );

  it('has the end of its log printed as text, or as an object a line, whether it is named or chosen', async () => {
    for (const which of [['cc'], ['--where', 'status=failed']]) {
      expect((await runs('tail', ...which, '--lines', '2')).out).toBe('two "2"\nthree\n');
      expect((await runs('tail', ...which, '--lines', '2', '--json', '--no-follow')).out).toBe(
        ['two "2"', 'three'].map((line) => `${JSON.stringify({ run: ids[2], line })}\n`).join(''),
      );
    }
  });
});

describe('runs side by side', () => {
  it.each([[['aaaaa', 'aaaab']], [['--where', 'status=finished']]])('by %j in every form', async (which) => {
    const text = (await runs('compare', ...which)).out;
    expect(text).toMatch(new RegExp(`^ +${ids[0]} +${ids[1]}$`, 'm'));
    expect(text).toMatch(/^accuracy +0\.5000 +0\.3333$/m);
    expect((await runs('diff', ...which)).out).not.toContain('accuracy');

    const differences = [
      { key: 'variant', values: ['looped', 'plain, or "not"'] },
      { key: 'model.loops', values: [4, 1] },
      { key: 'model.sizes', values: ids.slice(0, 2).map((id) => [1, 2, id]) },
    ];
    expect(await json('diff', ...which)).toEqual({ runs: ids.slice(0, 2), differences });
    expect(await json('compare', ...which)).toMatchObject({ runs: [{ run: ids[0] }, { run: ids[1] }], differences });

    const settings = [
      { field: 'variant', [ids[0]]: 'looped', [ids[1]]: 'plain, or "not"' },
      { field: 'model.loops', [ids[0]]: '4', [ids[1]]: '1' },
      { field: 'model.sizes', ...Object.fromEntries(ids.slice(0, 2).map((id) => [id, `[1,2,"${id}"]`])) },
    ];
    expect(await csv('diff', ...which)).toEqual(settings);
    const all = await csv('compare', ...which);
    expect(all.slice(0, 3)).toEqual(settings);
    // not rounded
    expect(all).toContainEqual({ field: 'accuracy', [ids[0]]: '0.5', [ids[1]]: String(1 / 3) });
  });

  it('that do not differ are a heading', async () => {
    writeRun('dddddddddddd', 'looped', 0.5, 'finished');
    writeFileSync(
      join(results, 'mano', 'dddddddddddd', 'config.json'),
      JSON.stringify({ study: 'mano', variant: 'looped', strategy: { id: 'loopLM' }, model: {}, seed: 0 }),
    );
    writeFileSync(
      join(results, 'mano', ids[0], 'config.json'),
      JSON.stringify({ study: 'mano', variant: 'looped', strategy: { id: 'loopLM' }, model: {}, seed: 0 }),
    );
    expect((await runs('diff', 'aaaaa', 'dd', '--csv')).out).toBe(`field,${ids[0]},dddddddddddd\n`);
  });
});

describe('runs that are deleted', () => {
  const left = (): boolean[] => ids.map((id) => existsSync(join(results, 'mano', id)));
  const record = (deleted: boolean) => ({ study: 'mano', run: ids[2], status: 'failed', deleted });

  it('are told as JSON, and as what would be where they are chosen by a condition alone', async () => {
    expect(await json('rm', '--where', 'status=failed')).toEqual([record(false)]);
    expect(left()).toEqual([true, true, true]);
    expect(await json('rm', '--where', 'status=failed', '--yes')).toEqual([record(true)]);
    expect(left()).toEqual([true, true, false]);
  });

  it('are told as CSV and as text', async () => {
    expect((await runs('rm', 'cc', '--csv')).out).toBe('study,run,status,deleted\nmano,cccccccccccc,failed,true\n');
    expect((await runs('rm', 'aaaab')).out).toMatch(/^deleted +\nmano\/aaaabbbbbbbb +finished\n$|^deleted\nmano/);
    expect(left()).toEqual([true, false, false]);
    expect((await runs('rm', '--where', 'status=failed', '--csv')).out).toBe('study,run,status,deleted\n');
  });
});

describe('refused', () => {
  it.each([
    ...['ls', 'show', 'diff', 'compare', 'rm'].map((name) => [
      [name, '--where', 'status=failed', '--json', '--csv'],
      'choose one of --json and --csv',
    ]),
    ...['show', 'diff', 'compare', 'tail', 'rm'].flatMap((name) => [
      [[name], 'name runs, or choose them by --where'],
      [[name, 'cc', ...(name === 'diff' || name === 'compare' ? ['aaaaa'] : []), '--where', 'seed=0'], 'name runs, or'],
    ]),
    ...['show', 'tail'].flatMap((name) => [
      [[name, '--where', 'seed=0'], `3 runs have seed=0: mano/${ids[0]}, `],
      [[name, '--where', 'seed=1'], 'there is no run with seed=1; looplab runs ls lists'],
    ]),
    ...['diff', 'compare'].flatMap((name) => [
      [[name, 'cc'], 'name at least two runs'],
      [[name, 'cc', 'ccc'], 'two runs or more can be compared, but one was chosen'],
      [[name, '--where', 'status=failed'], 'two runs or more can be compared, but one was chosen'],
      [[name, '--where', 'seed=1'], 'but none was chosen'],
    ]),
    [['tail', 'cc', '--csv'], 'unknown option --csv'],
    [['show', '--where', 'model.lops=1'], 'did you mean model.loops?'],
  ] as [string[], string][])('%j', async (args, message) => {
    const { code, out, err } = await runs(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(ids.every((id) => existsSync(join(results, 'mano', id)))).toBe(true);
  });
});
