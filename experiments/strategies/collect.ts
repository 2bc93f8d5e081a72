// Writes data/strategies.csv and data/chain.csv from the summaries of the three studies: `node experiments/strategies/collect.ts [results]`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flops, modelConfig } from '@looplab/core';
import { from } from 'arquero';
import chain from './chain.ts';
import mano from './mano.ts';
import words from './study.ts';

interface Summary {
  readonly runs: readonly {
    readonly variant: string;
    readonly seed: number;
    readonly status: string;
    readonly accuracy?: number;
    readonly loss?: number;
    readonly params?: number;
    readonly flops?: number;
  }[];
}

const results = process.argv[2] ?? 'results';
type Study = typeof words;

function rowsOf(study: Study, task: string): object[] {
  const path = join(results, study.name, 'summary.json');
  if (!existsSync(path)) return [];
  const summary = JSON.parse(readFileSync(path, 'utf8')) as Summary; // as runStudy writes it
  return summary.runs.map(({ variant, seed, status, accuracy, loss, params, flops: training }) => {
    const arm = study.variants?.[variant];
    const config = modelConfig({ ...study.model, ...arm?.model, vocab: study.task.vocab });
    const { seq } = study.task;
    const strategy = arm?.strategy ?? study.strategy;
    // every strategy looks ahead or draws depth in training only, so this is the work of an answer at full depth
    const answering = flops(config, strategy, { batch: 1, seq }) / seq;
    return { task, strategy: variant, seed, status, accuracy, loss, params, training, answering };
  });
}

const write = (file: string, rows: object[]): void => {
  if (rows.length > 0) writeFileSync(join(import.meta.dirname, 'data', file), from(rows).toCSV());
};
write('strategies.csv', [...rowsOf(words, 'words over S3'), ...rowsOf(mano, 'Mano')]);
write('chain.csv', rowsOf(chain, 'written words over S3'));
