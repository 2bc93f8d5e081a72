// Times decoding with tokens that leave early against decoding at full depth, in turns, on the real model code.
import {
  Decoder,
  fixedDepth,
  fold,
  initParams,
  key,
  kvPolicyById,
  loopLM,
  modelConfig,
  paramSpecs,
  randint,
} from '@looplab/core';
import { tensor, useDevice } from '@looplab/engine';
import { median } from '@looplab/train';
import type { deviceOf } from './device.ts';

export interface DecodeBenchOptions {
  readonly d: number;
  readonly heads: number;
  readonly layers: number;
  readonly loops: number;
  readonly ff: number;
  readonly vocab: number;
  /** Tokens in each prompt. */
  readonly seq: number;
  /** KV policy by id. */
  readonly kv: string;
  /** Rows that are decoded together. */
  readonly batch: number;
  /** Rounds; each decodes some tokens at full depth and as many of every case. */
  readonly steps: number;
  readonly device: ReturnType<typeof deviceOf>;
}

interface DecodeCase {
  /** Loops that tokens take: all the same, or evenly from 1 to all. */
  readonly depth: number | 'mixed';
  /** Loops a token took, on average. */
  readonly meanDepth: number;
  /** Milliseconds a token, the median over the rounds. */
  readonly medianMs: number;
  /** Time as a share of full depth, the median over the rounds, by the clock and by the processor. */
  readonly share: number;
  readonly cpuShare: number;
  /** What the share may be: mean depth / loops + 0.10. */
  readonly bound: number;
}

export interface DecodeBenchResult {
  readonly batch: number;
  /** Milliseconds a token at full depth. */
  readonly fullMs: number;
  readonly cases: readonly DecodeCase[];
}

/** Tokens of each row in a round, on average. */
const TOKENS = 8;
/** Rounds before the clock counts: every program is compiled in them. */
const WARM = 2;

interface Timed {
  readonly ms: number;
  readonly cpuMs: number;
  readonly depth: number;
}

/**
 * Decodes random tokens behind random prompts. Rows go their own way, so one whose token leaves early begins its next.
 * @throws ConfigError for a shape that cannot be built
 */
export async function benchDecode(o: DecodeBenchOptions): Promise<DecodeBenchResult> {
  const { d, heads, layers, loops, ff, vocab, seq, batch, kv } = o;
  const model = modelConfig({ vocab, dModel: d, heads, layers, loops, dFF: ff });
  const strategy = loopLM();
  await useDevice(o.device);
  const params = initParams(paramSpecs(model, strategy), key(0));
  const depths = [...Array.from({ length: loops - 1 }, (_, i) => i + 1), 'mixed' as const];
  const arms = [loops, ...depths];
  const decoder = new Decoder(model, strategy, params, {
    exit: fixedDepth(),
    kv: kvPolicyById(kv),
    block: seq + TOKENS * loops,
  });
  const prompts = tensor(randint(key(1), batch * seq, vocab), [batch, seq]);

  const times = new Map<number | 'mixed', Timed[]>(arms.map((arm) => [arm, []]));
  for (let round = 0; round < WARM + o.steps; round++) {
    for (const arm of arms) {
      decoder.reset();
      (await decoder.feed({ ids: prompts }, { exit: null })).logits.dispose();
      const timed = await run(decoder, o, arm, round);
      if (round >= WARM) times.get(arm)?.push(timed);
    }
  }
  decoder.dispose();
  prompts.dispose();
  const of = (arm: number | 'mixed'): Timed[] => times.get(arm) as Timed[]; // an entry an arm
  const full = of(loops);
  return {
    batch,
    fullMs: median(full.map((x) => x.ms)),
    cases: depths.map((depth) => {
      const own = of(depth);
      const share = (by: 'ms' | 'cpuMs'): number => median(own.map((x, i) => x[by] / (full[i] as Timed)[by])); // as many rounds
      const meanDepth = own.reduce((n, x) => n + x.depth, 0) / own.length;
      return {
        depth,
        meanDepth,
        medianMs: median(own.map((x) => x.ms)),
        share: share('ms'),
        cpuShare: share('cpuMs'),
        bound: meanDepth / loops + 0.1,
      };
    }),
  };
}

/** Decodes until so many tokens have come out; those still under way then are waited for off the clock. */
async function run(decoder: Decoder, o: DecodeBenchOptions, depth: number | 'mixed', round: number): Promise<Timed> {
  const total = o.batch * TOKENS;
  const draws = fold(key(2), round);
  const limits = depth === 'mixed' ? randint(fold(draws, 'depth'), 2 * total, o.loops).map((x) => x + 1) : undefined;
  const ids = randint(draws, 2 * total, o.vocab);
  let sent = 0;
  const send = (rows: readonly number[]): Promise<void> =>
    decoder.send(
      rows.map((row) => {
        const id = ids[sent] as number; // twice as many as come out
        const limit = limits ? (limits[sent] as number) : (depth as number); // a number unless mixed
        sent++;
        return { row, id, limit };
      }),
    );
  const clock = performance.now();
  const cpu = process.cpuUsage();
  await send(Array.from({ length: o.batch }, (_, row) => row));
  let [arrived, loops] = [0, 0];
  for (;;) {
    const arrivals = await decoder.advance();
    arrived += arrivals.length;
    for (const a of arrivals) loops += a.depth;
    if (arrived >= total) break;
    await send(arrivals.map((a) => a.row));
  }
  const { user, system } = process.cpuUsage(cpu);
  const ms = performance.now() - clock;
  while ((await decoder.advance()).length > 0);
  return { ms: ms / arrived, cpuMs: (user + system) / 1000 / arrived, depth: loops / arrived };
}
