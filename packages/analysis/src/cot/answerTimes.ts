// How long an answer takes by the clock: silent after each number of loops, and written.
import { Decoder, fixedDepth, key, type ModelConfig, type Params, type Strategy } from '@looplab/core';
import { tensor } from '@looplab/engine';
import type { AnalysisContext } from '../context.ts';
import { instances } from '../instances.ts';
import { quantileOfSorted } from '../statistics/moments.ts';
import { writerOf } from '../writer.ts';
import { problemOf } from './interventions.ts';

/** Problems that are timed, one after another, and how often each. */
const PROBLEMS = 8;
const ROUNDS = 5;

/** One way to answer, and what it reads and says of each problem. */
interface Way {
  readonly decoder: Decoder;
  readonly problems: readonly { readonly prompt: readonly number[]; readonly said: readonly number[] }[];
  readonly times: number[];
}

/**
 * Milliseconds of one answer on this machine, the prompt's pass included, one problem at a time with a cache: medians over
 * problems and rounds, all ways in turns; NaN at depths that a strategy which can only be read at its end has no answer for. What is said is given, so that every way says as much as a right answer takes.
 * @throws AnalysisError where the writer belongs to another task
 */
export async function answerTimes(context: AnalysisContext): Promise<Required<AnalysisContext>['milliseconds']> {
  const few = { ...context, rows: Math.min(context.rows, PROBLEMS) };
  const subject = writerOf(few);
  const silent = instances(few).slice(0, PROBLEMS);
  const { model, strategy } = context;
  const asked = silent.map((x) => ({ prompt: [...x.ids.slice(0, x.answerAt + 1)], said: x.answers }));
  const latent = Array.from({ length: model.loops }, (_, t) =>
    strategy.gives.includes('readouts') || t + 1 === model.loops ? [way(context, t + 1, asked)] : [],
  );
  const written =
    subject &&
    way(
      subject,
      subject.model.loops,
      instances(subject)
        .slice(0, PROBLEMS)
        .map((x) => {
          const prompt = problemOf(subject, x);
          return { prompt, said: [...x.ids.slice(prompt.length, x.answerAt + 1), ...x.answers] };
        }),
    );
  const ways = [...latent.flat(), ...(written ? [written] : [])];
  for (let round = 0; round <= ROUNDS; round++)
    for (let p = 0; p < PROBLEMS; p++)
      for (const w of ways) {
        const ms = await answer(w, p);
        if (round > 0 && ms !== undefined) w.times.push(ms); // everything is compiled in the first
      }
  for (const { decoder } of ways) decoder.dispose();
  return {
    latent: latent.map(([w]) => (w ? median(w) : Number.NaN)),
    ...(written ? { written: median(written) } : {}),
  };
}

function way(
  { model, strategy, params }: { model: ModelConfig; strategy: Strategy; params: Params },
  loops: number,
  problems: Way['problems'],
): Way {
  const block = Math.max(...problems.map((x) => x.prompt.length + x.said.length));
  const decoder = new Decoder(model, strategy, params, { loops, exit: fixedDepth(), key: key(0), block });
  return { decoder, problems, times: [] };
}

/** Reads a prompt and says what there is to say; undefined where there are fewer problems. */
async function answer({ decoder, problems }: Way, p: number): Promise<number | undefined> {
  const problem = problems[p];
  if (!problem) return undefined;
  const ids = tensor(Int32Array.from(problem.prompt), [1, problem.prompt.length]);
  decoder.reset();
  const start = performance.now();
  const { logits } = await decoder.feed({ ids });
  await logits.data();
  for (const id of problem.said.slice(0, -1)) {
    await decoder.send([{ row: 0, id }]);
    await decoder.advance();
  }
  const ms = performance.now() - start;
  ids.dispose();
  logits.dispose();
  return ms;
}

function median({ times }: Way): number {
  return quantileOfSorted(
    [...times].sort((a, b) => a - b),
    0.5,
  );
}
