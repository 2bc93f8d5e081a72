// Finds the server's run that shows a run folder, or makes it; never leaves two.
import { setTimeout as pause } from 'node:timers/promises';
import type { MlflowClient, Run } from '../rest/client.ts';
import { type RunProjection, tagNames } from './projectRun.ts';

/** The active runs of an experiment that show run folders, by the folders' run ids. */
export async function shownRuns(
  client: MlflowClient,
  experimentId: string,
  runId?: string,
): Promise<Map<string, Run[]>> {
  // ids of ours are letters, digits and dashes; a quote in the name of a folder without a manifest must not end the text
  const filter = runId === undefined ? undefined : `tags.\`${tagNames.runId}\` = '${runId.replaceAll("'", '')}'`;
  const runs = new Map<string, Run[]>();
  const search = { experimentIds: [experimentId], view: 'ACTIVE_ONLY', ...(filter ? { filter } : {}) } as const;
  for await (const run of client.searchRuns(search)) {
    const id = run.tags[tagNames.runId];
    if (id !== undefined) runs.set(id, [...(runs.get(id) ?? []), run]);
  }
  return runs;
}

/**
 * The one run of `candidates` to go on with: the one that has most. The others, which two processes made at the same moment,
 * are deleted.
 */
async function onlyOne(client: MlflowClient, candidates: readonly Run[]): Promise<Run | undefined> {
  const has = (run: Run): number => Number.parseInt(run.tags[tagNames.metrics] ?? '0', 10);
  const [best, ...others] = [...candidates].sort((a, b) => has(b) - has(a) || (a.id < b.id ? -1 : 1));
  for (const run of others) await client.deleteRun(run.id);
  return best;
}

/** The server's run for a projection, made if there is none; `candidates` if the caller has asked already. */
export async function findOrMakeRun(
  client: MlflowClient,
  experimentId: string,
  projection: RunProjection,
  more: { readonly candidates?: readonly Run[]; readonly parentRunId?: string | undefined } = {},
): Promise<{ run: Run; isNew: boolean }> {
  const id = projection.tags[tagNames.runId] ?? '';
  const candidates = more.candidates ?? (await shownRuns(client, experimentId, id)).get(id) ?? [];
  const known = await onlyOne(client, candidates);
  if (known) return { run: known, isNew: false };
  return { run: await makeRun(client, experimentId, projection, more), isNew: true };
}

/**
 * Makes the server's run for a run folder. MLflow cannot refuse a second one, so it is looked for again afterwards: whoever then
 * sees another run beside its own takes its own back.
 */
export async function makeRun(
  client: MlflowClient,
  experimentId: string,
  projection: RunProjection,
  more: { readonly tags?: Readonly<Record<string, string>>; readonly parentRunId?: string | undefined } = {},
): Promise<Run> {
  const { name, startTime, firstTags, tags } = projection;
  const id = tags[tagNames.runId] ?? '';
  for (;;) {
    const mine = await client.createRun({
      ...{ experimentId, startTime },
      name: more.tags?.['mlflow.runName'] ?? name,
      tags: { ...firstTags, ...more.tags, ...tags },
      ...(more.parentRunId === undefined ? {} : { parentRunId: more.parentRunId }),
    });
    const all = (await shownRuns(client, experimentId, id)).get(id) ?? [];
    if (all.every((run) => run.id === mine.id)) return mine;
    await client.deleteRun(mine.id);
    await pause(Math.random() * 300);
    const [left] = (await shownRuns(client, experimentId, id)).get(id) ?? [];
    if (left) return left;
  }
}
