// Each kernel, faked by what it puts into the global scope: which outputs it is given, and in what form.
import { expect, it, vi } from 'vitest';
import { VEGALITE } from '../mimeBundle.ts';
import { show } from '../show.ts';
import { displayable } from './deno.ts';
import { hostOf } from './host.ts';
import { terminalHost } from './terminal.ts';

const rows = [{ a: 1 }];
const table = { 'text/html': expect.stringContaining('<table>'), 'text/plain': 'a\n1' };
const spec = { [VEGALITE]: { mark: 'bar' }, 'image/svg+xml': '<svg/>', 'text/plain': 'bars' };

/** A tslab that notes which output got what. */
function fakeTslab() {
  const outputs: [mime: string, data: unknown][][] = [];
  const newDisplay = () => {
    const output: [string, unknown][] = [];
    outputs.push(output);
    return { raw: (mime: string, data: unknown) => void output.push([mime, data]) };
  };
  const asked: string[] = [];
  const __tslab__ = {
    require: (id: string) => {
      asked.push(id);
      return { newDisplay };
    },
  };
  return { scope: { __tslab__ }, outputs, asked };
}

/** A Deno kernel that notes what it is asked to display. */
function fakeDeno() {
  const calls: { bundle: unknown; options: { display_id: string; update: boolean } }[] = [];
  const display = async (what: object, options: { display_id: string; update: boolean }): Promise<void> => {
    const bundle: unknown = Reflect.get(what, Symbol.for('Jupyter.display')).call(what);
    calls.push({ bundle, options });
  };
  return { scope: { Deno: { jupyter: { display } } }, calls };
}

it('tslab gets the richest form, once an output', async () => {
  const { scope, outputs, asked } = fakeTslab();
  await show(rows, { host: hostOf(scope) });
  await hostOf(scope)()(spec);
  expect(asked).toEqual(['tslab', 'tslab']);
  expect(outputs).toEqual([[['text/html', expect.stringContaining('<table>')]], [[VEGALITE, { mark: 'bar' }]]]);
});

it('tslab replaces what an output showed', async () => {
  const { scope, outputs } = fakeTslab();
  const put = hostOf(scope)();
  await put({ 'text/plain': 'one' });
  await put({ 'text/plain': 'two' });
  expect(outputs).toEqual([
    [
      ['text/plain', 'one'],
      ['text/plain', 'two'],
    ],
  ]);
});

it('Deno gets every form, and is told which output to replace', async () => {
  const { scope, calls } = fakeDeno();
  await show(rows, { host: hostOf(scope) });
  const put = hostOf(scope)();
  await put(spec);
  await put({ 'text/plain': 'later' });
  expect(calls.map((c) => c.bundle)).toEqual([table, spec, { 'text/plain': 'later' }]);
  expect(calls.map((c) => c.options.update)).toEqual([false, false, true]);
  const [first, second, third] = calls.map((c) => c.options.display_id);
  expect(second).not.toBe(first);
  expect(third).toBe(second);
});

it.each([
  ['Deno without a notebook', { Deno: {} }],
  ['Node', {}],
])('%s prints text', async (_, scope) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await show(rows, { host: hostOf(scope) });
    await show(rows); // the scope of this process has no kernel either
    expect(log.mock.calls).toEqual([['a\n1'], ['a\n1']]);
  } finally {
    log.mockRestore();
  }
});

it('what has no text is named', async () => {
  const printed: string[] = [];
  await terminalHost({ log: (text) => void printed.push(text) })()({ 'image/png': 'bytes' });
  expect(printed).toEqual(['image/png']);
});

it('a bundle can be the last value of a cell', () => {
  expect(Reflect.get(displayable(spec), Symbol.for('Jupyter.display'))()).toBe(spec);
});
