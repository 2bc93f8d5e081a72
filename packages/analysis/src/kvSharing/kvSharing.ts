// KV sharing: what each policy costs in memory and in quality, when reading a prompt and when decoding apart.
import {
  ConfigError,
  fold,
  type KvPolicy,
  KvPolicyError,
  key,
  kvBytesPerToken,
  kvPolicies,
  MissingParamError,
  StrategyError,
} from '@looplab/core';
import { type Analysis, defineAnalysis, skip } from '../analysis.ts';
import { rowsOf } from '../context.ts';
import { clusteredMean } from '../statistics/clustered.ts';
import { cell, type Row } from '../table.ts';
import { decode, prefill, type Scored } from './teacherForced.ts';

/** Rows decoded token by token, in one batch. */
const DECODED_ROWS = 32;

export const kvSharing: Analysis = defineAnalysis({
  id: 'kvSharing',
  title: 'Quality and memory of sharing keys and values between loops',
  needs: ['loops'],
  tables: {
    policies: {
      policy: 'KV policy',
      own: "whether it is the strategy's own, which the model was trained with",
      phase:
        '`prefill`: whole rows at once, as a prompt; `decode`: token by token from the cache; `afterPrompt`: the same after the first half of a row as a prompt, the tokens of which are not scored',
      prompt: 'slots kept of each token of a prompt, where the policy keeps one of later tokens: `one` or `every`',
      bytes: 'bytes a token kept, keys and values in float32; in `afterPrompt` of tokens after the prompt',
      share: "that over the bytes of the strategy's own policy",
      accuracy: 'share of right answers, teacher-forced',
      accuracyLo: 'lower end of the 95% bootstrap interval over rows',
      accuracyHi: 'upper end',
      loss: 'nats a token',
      lossLo: 'lower end of the 95% bootstrap interval over rows',
      lossHi: 'upper end',
      same: "share of tokens answered as with the strategy's own policy in prefill",
      tokens: 'scored tokens',
    },
  },
  run: async (context) => {
    const { model, strategy, task, seed } = context;
    const from = fold(key(seed), 'kvSharing');
    const batch = task.validation(0, Math.min(DECODED_ROWS, rowsOf(context)));
    if (batch.isolated && batch.segments?.some((problem) => problem !== batch.segments?.[0]))
      return skip(
        `does not apply: a row of task ${task.name} holds several problems that do not see each other, and a cache holds one text a row`,
      );
    const reference = await prefill(context, batch, strategy.kv);
    const answers = new Map(reference.at.map((at, i) => [at, reference.answer[i]]));
    const half = Math.floor(batch.seq / 2);
    const ownBytes = kvBytesPerToken(model, strategy);
    const notes: string[] = [];
    const rows: Row[] = [];
    const tryPolicy = async (policy: KvPolicy, own: boolean): Promise<void> => {
      const bytes = kvBytesPerToken(model, strategy, policy);
      const phases: Record<string, () => Promise<Scored>> = {
        prefill: async () => (own ? reference : prefill(context, batch, policy)),
        decode: () => decode(context, batch, policy),
        afterPrompt: () => decode(context, batch, policy, { prompt: half }),
      };
      for (const [phase, run] of Object.entries(phases)) {
        // Only after a prompt of several tokens it matters what is kept of them.
        if (phase === 'afterPrompt' ? half < 2 : policy.keepPrompt && !own) continue;
        context.progress(`kv policy ${policy.id}: ${phase}`);
        const said = await run();
        if (said.at.length === 0) continue;
        const accuracy = clusteredMean(said.right, said, { key: from });
        const loss = clusteredMean(said.loss, said, { key: from });
        const same = said.answer.filter((x, i) => x === answers.get(said.at[i] ?? -1)).length / said.answer.length;
        rows.push({
          policy: policy.id,
          own,
          phase,
          prompt: policy.keep && phase === 'afterPrompt' ? (policy.keepPrompt ? 'every' : 'one') : '',
          bytes,
          share: bytes / ownBytes,
          accuracy: accuracy.value,
          accuracyLo: cell(accuracy.lo),
          accuracyHi: cell(accuracy.hi),
          loss: loss.value,
          lossLo: cell(loss.lo),
          lossHi: cell(loss.hi),
          same,
          tokens: accuracy.n,
        });
      }
    };
    for (const kind of kvPolicies) {
      const own = kind.id === strategy.kv.id;
      try {
        const policy = own ? strategy.kv : kind.make({});
        await tryPolicy(policy, own);
        if (policy.keep && !own) await tryPolicy(kind.make({ prompt: 'every' }), own);
      } catch (error) {
        if (!refusal(error)) throw error;
        notes.push(`${kind.id} was left out: ${error.message}`);
      }
    }
    if (!kvPolicies.some((kind) => kind.id === strategy.kv.id)) await tryPolicy(strategy.kv, true);
    return {
      tables: { policies: rows },
      notes: [
        `${batch.batch} rows, teacher-forced. The model was trained with ${strategy.kv.id}; other policies are put on afterwards.`,
        'Policies that keep one slot of finished tokens do so from one call to the next, so they change nothing in prefill.',
        ...notes,
      ],
    };
  },
});

/** Whether core says that a policy and this model do not go together. */
function refusal(error: unknown): error is Error {
  return [KvPolicyError, StrategyError, MissingParamError, ConfigError].some((kind) => error instanceof kind);
}
