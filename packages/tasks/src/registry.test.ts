// Checks that tasks are found by name and that all of them keep the promises of the contract.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { taskById, tasks } from './registry.ts';
import { TaskError } from './task.ts';

const optionsOf: Record<string, object> = {
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

  it('describes every option', () => {
    for (const [key, schema] of Object.entries(tasks[name]?.options.shape ?? {}))
      expect(schema.description, key).toBeTruthy();
  });
});

it.each(['nope', 'toString', ''])('names the tasks there are when asked for %j', (name) => {
  expect(() => taskById(name)).toThrow(TaskError);
  expect(() => taskById(name)).toThrow('there are groupWords, mano, text, withChain');
});
