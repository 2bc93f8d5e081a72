// Lets a model write its chain of thought, greedily, by full forward passes, as every strategy was trained.
import * as tf from '@tensorflow/tfjs-core';
import { batchOf } from '../context.ts';
import { forward } from '../forward.ts';
import type { WriterContext } from '../writer.ts';

/** What a model wrote after a prompt. */
export interface Writing {
  /** Values between `<chain>` and `<answer>`, those given in the prompt included. */
  readonly chain: readonly number[];
  /** What it said after `<answer>`, of one or several symbols; undefined where it never came to that within the row. */
  readonly answer: readonly number[] | undefined;
}

/** A compiled writer; the same for every prompt of the task. */
export interface Writer {
  /** @param prompts symbols up to `<chain>` at least, shorter than the row */
  write(prompts: readonly (readonly number[])[], progress?: (text: string) => void): Promise<Writing[]>;
  release(): Promise<void>;
}

/** A writer at `loops` loops, by default the trained depth. */
export function writer(context: WriterContext, loops = context.model.loops): Writer {
  const { task } = context;
  const { seq, chainMark, answerMark, answerLength = 1 } = task;
  const pass = forward(context, (trace) => [tf.argMax(trace.logits(trace.states.length - 1), -1)], { loops });
  const size = batchOf(context);

  const next = async (rows: readonly (readonly number[])[]): Promise<number[]> => {
    const ids = new Int32Array(size * seq).fill(answerMark); // as the task fills its rows up
    const keyMask = new Float32Array(size * seq);
    for (const [r, row] of rows.entries()) {
      ids.set(row.slice(0, seq), r * seq);
      keyMask.fill(1, r * seq, r * seq + Math.min(row.length, seq));
    }
    for (let r = rows.length; r < size; r++) keyMask[r * seq] = 1;
    const blank = { targets: new Int32Array(size * seq), weights: new Float32Array(size * seq) };
    const [said] = await pass.run({ ids, keyMask, ...blank, batch: size, seq }, 0);
    return rows.map((row, r) => said?.[r * seq + row.length - 1] ?? -1);
  };

  return {
    write: async (prompts, progress) => {
      const out: Writing[] = [];
      for (let first = 0; first < prompts.length; first += size) {
        progress?.(`writing chains ${first + 1} to ${Math.min(first + size, prompts.length)} of ${prompts.length}`);
        const rows = prompts.slice(first, first + size).map((p) => [...p]);
        const answers = rows.map((): number[] => []);
        const open = new Set(rows.keys());
        while (open.size > 0) {
          const said = await next(rows);
          for (const r of [...open]) {
            const row = rows[r] ?? [];
            const symbol = said[r] ?? -1;
            const answer = answers[r] ?? [];
            if (answer.length > 0 || row.at(-1) === answerMark) answer.push(symbol);
            const isFull = row.length >= seq; // its last symbol has just been read
            row.push(symbol);
            if (answer.length === answerLength || isFull) open.delete(r);
          }
        }
        out.push(
          ...rows.map((row, r) => {
            const from = row.indexOf(chainMark) + 1;
            const to = row.indexOf(answerMark, from);
            const answer = answers[r]?.length === answerLength ? answers[r] : undefined;
            return { chain: row.slice(from, to < 0 ? seq : to), answer };
          }),
        );
      }
      return out;
    },
    release: pass.release,
  };
}
