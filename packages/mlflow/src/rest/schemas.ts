// The parts of MLflow's replies that are read, checked on arrival; what else a reply holds is ignored.
import { z } from 'zod';

/** 64-bit integers come as JSON numbers, from some servers as text. */
const int64 = z.coerce.number().int();

const values = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY };

/**
 * A metric's value. SQL stores keep an infinity as the largest double, which therefore reads as an infinity: the double itself
 * is no measurement.
 */
const metricValue = z.union([
  z.number().transform((x) => (Math.abs(x) === Number.MAX_VALUE ? x * 2 : x)),
  z.enum(['NaN', 'Infinity', '-Infinity']).transform((name) => values[name]),
]);

const metric = z.object({
  key: z.string(),
  value: metricValue,
  /** Milliseconds since 1970. */
  timestamp: int64,
  step: int64.default(0),
});
const pair = z.object({ key: z.string(), value: z.string().default('') });
const stage = z.enum(['active', 'deleted']);

const experiment = z.object({
  experiment_id: z.string(),
  name: z.string(),
  lifecycle_stage: stage.default('active'),
  tags: z.array(pair).default([]),
});

/** What an MLflow run can be. */
const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;

const run = z.object({
  info: z.object({
    run_id: z.string(),
    run_name: z.string().default(''),
    experiment_id: z.string(),
    status: z.enum(runStatuses),
    start_time: int64.optional(),
    end_time: int64.optional(),
    artifact_uri: z.string(),
    lifecycle_stage: stage.default('active'),
  }),
  data: z
    .object({
      metrics: z.array(metric).default([]),
      params: z.array(pair).default([]),
      tags: z.array(pair).default([]),
    })
    .default({ metrics: [], params: [], tags: [] }),
});

const page = z.string().optional();

export const replies = {
  nothing: z.object({}),
  experiment: z.object({ experiment }),
  experimentId: z.object({ experiment_id: z.string() }),
  experiments: z.object({ experiments: z.array(experiment).default([]), next_page_token: page }),
  run: z.object({ run }),
  runs: z.object({ runs: z.array(run).default([]), next_page_token: page }),
  metrics: z.object({ metrics: z.array(metric).default([]), next_page_token: page }),
  artifacts: z.object({
    files: z
      .array(z.object({ path: z.string(), is_dir: z.boolean().default(false), file_size: int64.optional() }))
      .default([]),
    next_page_token: page,
  }),
};

export type RunReply = z.output<typeof run>;
export type ExperimentReply = z.output<typeof experiment>;
export type MetricReply = z.output<typeof metric>;
export type MlflowRunStatus = (typeof runStatuses)[number];
