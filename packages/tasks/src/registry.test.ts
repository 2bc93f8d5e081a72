// Checks that tasks are found by name and that all of them keep the promises of the contract.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { taskById, tasks } from './registry.ts';
import { TaskError } from './task.ts';

const optionsOf: Record<string, object> = {
  capo: { people: 30 },
  multiHop: { perLayer: 6, relations: 3, hops: 2, heldOut: 20, factShare: 0.5 },
  text: { files: [fileURLToPath(import.meta.url)], seq: 16 },
  withChain: { inner: { name: 'mano', maxOps: 3 } },
};

describe.each(Object.keys(tasks))('%s', (name) => {
  const task = taskById(name, optionsOf[name]);

  it('keeps the contract', () => {
    for (const batch of [task.train(7, 3, 4), task.validation(2, 4)]) {
      expect([batch.batch, batch.seq]).toEqual([4, task.seq]);
      expect([batch.ids.length, batch.targets.length, batch.weights.length]).toEqual(new Array(3).fill(4 * task.seq));
      for (const id of [...batch.ids, ...batch.targets]) expect(id >= 0 && id < task.vocab).toBe(true);
      expect(batch.weights.every((w) => w === 0 || w === 1)).toBe(true);
      expect(batch.weights.some((w) => w === 1)).toBe(true);
      expect(task.decode(batch.ids.subarray(0, task.seq)).length).toBeGreaterThan(0);
    }
    expect(task.chance).toBeGreaterThan(0);
    expect(task.config.name).toBe(name);
    expect(JSON.parse(JSON.stringify(task.config))).toEqual(task.config);
  });

  it('is a pure stream whose rows do not depend on the batch size', () => {
    const again = taskById(name, task.config);
    expect(again.config).toEqual(task.config);
    const [four, two] = [task.train(7, 3, 4), again.train(7, 3, 2)];
    expect(again.train(7, 3, 4)).toEqual(four);
    for (const part of ['ids', 'targets', 'weights', 'keyMask', 'steps', 'segments', 'attributes'] as const)
      expect(four[part]?.subarray(0, 2 * task.seq)).toEqual(two[part]);
    expect(task.train(8, 3, 4).ids).not.toEqual(four.ids);
    expect(task.train(7, 4, 4).ids).not.toEqual(four.ids);
    expect(task.validation(0, 4).ids.subarray(2 * task.seq)).toEqual(task.validation(1, 2).ids);
  });

  it('tells each chain in order, at places of the row and in its own symbols', () => {
    const { ids, seq } = task.train(7, 3, 8);
    for (let r = 0; r < 8; r++) {
      const chain = task.chain?.(ids.subarray(r * seq, (r + 1) * seq)) ?? [];
      const byProblem = Map.groupBy(chain, (step) => step.problem);
      for (const steps of byProblem.values()) {
        expect(steps.length).toBeLessThanOrEqual(task.chainSteps ?? 0);
        const positions = steps.map((step) => step.position);
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        for (const { position, token, text } of steps) {
          expect(position >= 0 && position < seq && token >= 0 && token < task.vocab).toBe(true);
          expect(text.length).toBeGreaterThan(0);
        }
      }
    }
  });

  it('describes every option', () => {
    for (const [key, schema] of Object.entries(tasks[name]?.options.shape ?? {}))
      expect(schema.description, key).toBeTruthy();
  });
});

it.each(['nope', 'toString', ''])('names the tasks there are when asked for %j', (name) => {
  expect(() => taskById(name)).toThrow(TaskError);
  expect(() => taskById(name)).toThrow(`there are ${Object.keys(tasks).join(', ')}`);
});

it('is documented: every task and every option stands in docs/tasks.md', () => {
  const docs = readFileSync(new URL('../../../docs/tasks.md', import.meta.url), 'utf8');
  for (const [name, { options }] of Object.entries(tasks)) {
    const row = docs.split('\n').find((line) => line.startsWith(`| \`${name}\` `));
    const named = [...(row?.split(/ +\| +/)[2]?.matchAll(/`(\w+)`/g) ?? [])].map(([, option]) => option);
    expect(named, name).toEqual(Object.keys(options.shape));
  }
});
