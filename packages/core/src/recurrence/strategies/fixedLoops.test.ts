// k layers looped L times, with and without layers around, against the layers one by one; and the baseline at equal FLOPs.
import { describe, expect, it } from 'vitest';
import { countParams } from '../../model/specs.ts';
import { flops } from '../flops.ts';
import { paramSpecs } from '../layout.ts';
import { fixedLoops } from './fixedLoops.ts';
import { isoFlop } from './isoFlop.ts';
import { plain } from './plain.ts';
import { batch, coreOf, embedded, gap, run1, seq, small, start } from './trial.test-data.ts';

const params = (s = fixedLoops(), config = small) => countParams(paramSpecs(config, s));

describe('fixedLoops', () => {
  it('applies the core L times (float32, 1e-5)', async () => {
    const p = start(fixedLoops());
    let h = embedded(p);
    const trace = run1(fixedLoops(), { params: p });
    for (const s of trace.states) {
      h = coreOf(p, h);
      expect(await gap(s.h, h)).toBeLessThan(1e-5);
    }
  });

  it('loops what lies between prelude and coda only', async () => {
    const config = { ...small, prelude: 1, coda: 2 };
    const p = start(fixedLoops(), {}, config);
    const at = (loops: number) => run1(fixedLoops(), { params: p, config, options: { loops } });
    // the first loop's state does not depend on how many follow, and starts from the prelude's output
    expect(await gap(at(3).states[0]?.h, at(1).states[0]?.h)).toBe(0);
    expect(await gap(at(1).initial.h, embedded(p))).toBeGreaterThan(0.1);
  });

  it('has the parameters of k layers and the FLOPs of k L', () => {
    const work = { batch, seq };
    expect(params(fixedLoops(), { ...small, loops: 9 })).toBe(params());
    const core = flops(small, fixedLoops(), { ...work, loops: 2 }) - flops(small, fixedLoops(), { ...work, loops: 1 });
    expect(flops(small, fixedLoops(), { ...work, loops: 9 })).toBe(
      flops(small, fixedLoops(), { ...work, loops: 1 }) + 8 * core,
    );
  });
});

describe('isoFlop', () => {
  it('has the FLOPs of the looped model and the parameters of its layers unshared', () => {
    const work = { batch, seq };
    expect(flops(small, isoFlop(), work)).toBe(flops(small, fixedLoops(), work));
    expect(params(isoFlop())).toBe(params(plain(), { ...small, layers: small.layers * small.loops, loops: 1 }));
  });

  it('computes what a plain model of that many layers does', async () => {
    const deep = { ...small, layers: small.layers * small.loops, loops: 1 };
    const p = start(plain(), {}, deep);
    const want = run1(plain(), { params: p, config: deep }).logits(0);
    expect(await gap(run1(isoFlop(), { params: p }).logits(0), want)).toBe(0);
  });

  it('cannot run deeper or shallower', () => {
    expect(() => run1(isoFlop(), { options: { loops: 2 } })).toThrow(
      'strategy isoFlop has layers for 3 loops (got loops 2); leave loops at model.loops',
    );
  });
});
