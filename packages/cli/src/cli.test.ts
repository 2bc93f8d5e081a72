// Command lines through the real command: help, version, and every way to mistype one.
import { describe, expect, it } from 'vitest';
import { looplab } from './looplab.test-process.ts';

describe('looplab', () => {
  it('prints its help to stdout and ends with 0', async () => {
    const { code, out, err } = await looplab(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const word of ['run', 'quickstart', 'bench', 'doctor', 'setup', 'strategies']) {
      expect(out).toContain(`looplab ${word}`);
    }
  });

  it('prints its version', async () => {
    expect(await looplab(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    [['strategies', '--jsn'], 'unknown option --jsn; did you mean --json?'],
    [['bench', 'step', '--laoyers', '2'], 'unknown option --laoyers; did you mean --layers?'],
    [['strategies', '--frobnicate'], 'unknown option --frobnicate\n'],
    [['strategies', '--set', 'a=1', '--model.loops=3'], 'unknown option --model.loops'],
    [['strateges'], 'unknown command strateges; did you mean strategies?'],
    [[], 'a command is needed'],
    [['run'], 'Not enough non-option arguments'],
    [['setup', 'torch'], 'Invalid values'],
    [['bench', 'step', '--d', 'wide'], '--d must be a whole number >= 1 (got wide)'],
    [['watch', '--port', 'abc'], '--port must be a whole number from 0 to 65535 (got abc)'],
    [['watch', '--port', '70000'], '--port must be a whole number from 0 to 65535 (got 70000)'],
  ])('refuses %j', async (args, message) => {
    const { code, out, err } = await looplab(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/^\s+at /m);
  });
});
