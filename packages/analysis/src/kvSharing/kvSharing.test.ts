// KV policies on a random looped model: bytes by closed form, equal quality where decoding is exact, refusals as notes.
import { keepFirst, kvPolicies, perLoop, sharedFirst } from '@looplab/core';
import { useDevice } from '@looplab/engine';
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

describe('kvSharing', () => {
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
    const left = kvPolicies.filter((p) => !rows.some((r) => r.policy === p.id)).map((p) => p.id);
    for (const id of left) expect(result.notes.join('\n')).toContain(`${id} was left out: `);
    expect(left).toContain('gatedViews'); // needs a gate that the model does not have
  });
});
