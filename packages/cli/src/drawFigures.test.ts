// The figures command: draws what a study defines, finds stale files, and says what is missing.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { looplab } from './looplab.test-process.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-cli-figures-'));
afterAll(() => rmSync(root, { recursive: true }));
const study = join(root, 'experiments', 'small');
mkdirSync(join(study, 'data'), { recursive: true });
// the study imports packages by name, as a person's does from inside the workspace
symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
cpSync(join(import.meta.dirname, 'fixtures/figures.ts'), join(study, 'figures.ts'));
const data = 'series,loops,seed,accuracy\na,1,0,0.2\na,2,0,0.4\n';
writeFileSync(join(study, 'data/accuracy.csv'), data);
const at = ['--experiments', join(root, 'experiments')];

it('draws, finds nothing to say about what it drew, and finds what was changed', async () => {
  const { code, out } = await looplab(['figures', 'small', ...at, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)[0].figures[0]).toMatchObject({ id: 'accuracy', files: expect.any(Array) });
  expect(readdirSync(join(study, 'figures'))).toHaveLength(9);
  expect(await looplab(['figures', 'all', '--check', ...at])).toMatchObject({ code: 0 });
  expect(await looplab(['figures', 'check', ...at])).toMatchObject({ code: 0 });
  writeFileSync(join(study, 'data/accuracy.csv'), data.replace('0.4', '0.5'));
  const { code: stale, err } = await looplab(['figures', 'small', '--check', ...at]);
  expect(stale).toBe(1);
  expect(err).toContain('accuracy.svg');
  expect(err).toContain('draw them again with looplab figures small');
});

it('leaves out of all what has no data yet, but not what it is asked for by name', async () => {
  const ahead = join(root, 'ahead');
  mkdirSync(join(ahead, 'later'), { recursive: true });
  cpSync(join(import.meta.dirname, 'fixtures/figures.ts'), join(ahead, 'later', 'figures.ts'));
  const { code, err } = await looplab(['figures', 'all', '--check', '--experiments', ahead]);
  expect(code).toBe(0);
  expect(err).toContain('accuracy left out, there are no data for it yet');
  const named = await looplab(['figures', 'later', '--experiments', ahead]);
  expect(named.code).not.toBe(0);
  expect(named.err).toContain('accuracy.csv, which is not there');
});

it('draws one figure of whichever study has it', async () => {
  const two = join(root, 'two');
  for (const name of ['first', 'second']) {
    const folder = join(two, name);
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'data/accuracy.csv'), data);
    const figure = readFileSync(join(import.meta.dirname, 'fixtures/figures.ts'), 'utf8');
    writeFileSync(join(folder, 'figures.ts'), figure.replace("'accuracy'", `'${name}Accuracy'`));
  }
  const all = ['figures', 'all', '--experiments', two, '--json', '--only'];
  const { code, out } = await looplab([...all, 'secondAccuracy']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject([
    { study: expect.stringMatching(/second$/), figures: [{ id: 'secondAccuracy' }] },
  ]);
  const unknown = await looplab([...all, 'other']);
  expect(unknown).toMatchObject({
    code: 2,
    err: expect.stringMatching(/two has no figure other; it has firstAccuracy, secondAccuracy/),
  });
});

describe('refuses', () => {
  it.each([
    [['figures', 'nothing', ...at], /there is no nothing.figures\.ts.*studies with figures: .*small/s],
    [['figures', 'small', '--only', 'other', ...at], /has no figure other; it has accuracy/],
    [['figures', 'check', 'nothing', ...at], /there is no nothing.figures\.ts/],
    [['figures', 'all', '--collect', root, ...at], /--collect takes the numbers of one study; name it instead of all/],
    [['figures', 'all', '--experiments', join(root, 'gone')], /no study in .*gone has a figures\.ts/],
  ])('%j', async (args, message) => {
    const { code, err } = await looplab(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
