// KV policies on a random looped model: bytes by closed form, equal quality where decoding is exact, refusals as notes.
import { type KvPolicy, keepFirst, keepLast, kvPolicies, perLoop, sharedFirst } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { mano } from '@looplab/tasks';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectDocumented } from '../testing/columns.ts';
import { tinyLoopLM } from '../testing/tinyLoopLM.ts';
import { kvSharing } from './kvSharing.ts';
import { decode, prefill } from './teacherForced.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

describe('teacher-forced rows', () => {
  it('are the same from the cache where the policy is exact, and are not where it forgets', async () => {
    const context = tinyLoopLM({ loops: 3 });
    const batch = context.task.validation(0, 4);
    const all = await prefill(context, batch, perLoop());
    expect(all.loss).toHaveLength(16);
    for (const policy of [perLoop(), sharedFirst()]) {
      const [a, b] = [await prefill(context, batch, policy), await decode(context, batch, policy)];
      for (const [i, x] of a.loss.entries()) expect(Math.abs(x - (b.loss[i] ?? 0))).toBeLessThan(1e-4); // float32
    }
    // Keeping the first slot changes nothing within a call, but what later tokens see.
    const kept = await prefill(context, batch, keepFirst());
    for (const [i, x] of all.loss.entries()) expect(Math.abs(x - (kept.loss[i] ?? 0))).toBeLessThan(1e-5);
    const later = await decode(context, batch, keepFirst());
    const differ = all.loss.map((x, i) => Math.abs(x - (later.loss[i] ?? 0)));
    for (let row = 0; row < 4; row++) expect(differ[4 * row]).toBeLessThan(1e-5); // the first token sees none before it
    expect(Math.max(...differ)).toBeGreaterThan(1e-3);
  });
});

describe('rows after a prompt', () => {
  it('score what follows it, of which the first token is exact where the prompt keeps every slot', async () => {
    const context = tinyLoopLM({ loops: 3 });
    const batch = context.task.validation(0, 4); // 4 tokens a row
    const all = await prefill(context, batch, perLoop());
    const gaps = async (kv: KvPolicy) => {
      const later = await decode(context, batch, kv, { prompt: 2 });
      expect(later.at).toEqual([2, 3, 6, 7, 10, 11, 14, 15]);
      return later.at.map((at, i) => Math.abs((later.loss[i] ?? 0) - (all.loss[at] ?? 0)));
    };
    expect(Math.max(...(await gaps(perLoop())))).toBeLessThan(1e-5);
    const [every, one] = [await gaps(keepLast({ prompt: 'every' })), await gaps(keepLast())];
    for (let row = 0; row < 4; row++) {
      expect(every[2 * row]).toBeLessThan(1e-5);
      expect(every[2 * row + 1]).toBeGreaterThan(1e-5); // sees the one slot of the token before
      expect(one[2 * row]).toBeGreaterThan(1e-5); // sees the one slot of the prompt
    }
  });
});

describe('kvSharing', () => {
  it('does not apply to rows of several problems, which a cache cannot hold apart', async () => {
    const task = mano({ modulus: 5, maxOps: 2, packing: 'masked' });
    const result = await kvSharing.run(tinyLoopLM({ task, rows: 4 }));
    expect(result.skipped).toMatch('a row of task mano holds several problems that do not see each other');
  });

  it("has every phase of the strategy's own policy, one that keeps its prompts whole too", async () => {
    const context = tinyLoopLM({ rows: 4 });
    const strategy = { ...context.strategy, kv: keepLast({ prompt: 'every' }) };
    const { tables } = await kvSharing.run({ ...context, strategy });
    const own = tables.policies?.filter((r) => r.own).map((r) => [r.phase, r.prompt]);
    expect(own).toEqual([
      ['prefill', ''],
      ['decode', ''],
      ['afterPrompt', 'every'],
    ]);
  });

  it('tries every policy, both phases apart, with the bytes that it keeps', async () => {
    const context = tinyLoopLM({ rows: 4 });
    const result = await kvSharing.run(context);
    expectDocumented(kvSharing, result);
    const rows = result.tables.policies ?? [];
    const at = (policy: string, phase: string) => rows.find((r) => r.policy === policy && r.phase === phase);
    // 2 loops x 1 layer x (key + value) x 8 numbers x 4 bytes
    expect(at('perLoop', 'decode')).toMatchObject({ own: true, bytes: 128, share: 1, same: 1, tokens: 16 });
    expect(at('keepLast', 'decode')).toMatchObject({ own: false, bytes: 64, share: 0.5 });
    expect(at('keepLast', 'prefill')).toMatchObject({ same: 1, loss: at('perLoop', 'prefill')?.loss });
    const after = rows.filter((r) => r.policy === 'keepLast' && r.phase === 'afterPrompt');
    expect(after.map((r) => [r.prompt, r.tokens])).toEqual([
      ['one', 8],
      ['every', 8],
    ]);
    const left = kvPolicies.filter((p) => !rows.some((r) => r.policy === p.id)).map((p) => p.id);
    for (const id of left) expect(result.notes.join('\n')).toContain(`${id} was left out: `);
    expect(left).toContain('gatedViews'); // needs a gate that the model does not have
  });
});
