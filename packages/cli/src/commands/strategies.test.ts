// The list of strategies as a person and as a program read it.
import { strategies } from '@looplab/core';
import { expect, it } from 'vitest';
import { looplab } from '../looplab.test-process.ts';

it('prints each strategy with its paper, what it needs and its objective', async () => {
  const { code, out } = await looplab(['strategies']);
  expect(code).toBe(0);
  for (const { id, summary, paper, needs, objective } of strategies) {
    const line = out.split('\n').find((l) => l.startsWith(`${id} `)) ?? '';
    for (const text of [summary, paper, needs, objective]) expect(line).toContain(text);
  }
});

it('prints everything there is about them as JSON', async () => {
  const { code, out } = await looplab(['strategies', '--json']);
  expect(code).toBe(0);
  const list = JSON.parse(out) as Record<string, unknown>[];
  expect(list.map((s) => s.id)).toEqual(strategies.map((s) => s.id));
  for (const s of list) {
    expect(Object.keys(s)).toEqual(['id', 'summary', 'paper', 'needs', 'objective', 'table', 'objectives', 'options']);
    expect(s.objectives).toContain(s.objective);
  }
});
