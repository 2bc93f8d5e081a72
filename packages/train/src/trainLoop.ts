// The training loop: update, log, evaluate, save, until the steps are done or somebody says stop.
import { fold, initParams, key, type Params, paramSpecs } from '@looplab/core';
import { type Compiled, compile } from '@looplab/engine';
import type { Callback } from './callback.ts';
import { CarriedRows, type RowsState } from './carriedRows.ts';
import { type Checkpoint, pruneCheckpoints, saveCheckpoint } from './checkpoint.ts';
import { disposeTree } from './disposeTree.ts';
import { CancelledError, DivergedError } from './errors.ts';
import { type EvalSums, evalDepth, evalStep, evaluate } from './evalStep.ts';
import { assertFinite, flattenOptimiser, optimiserFromHost, paramsFromHost, toHost } from './hostTensors.ts';
import { MetricWindow, type WindowState } from './metricWindow.ts';
import { flopCounter } from './planFlops.ts';
import { type EvalRecord, type RunFolder, readEvaluations, type TrainRecord } from './runFolder.ts';
import type { ResolvedStage, RunPlan } from './runPlan.ts';
import { type Schedule, warmupConstant, warmupCosine } from './schedules.ts';
import { stepper } from './stepper.ts';
import { type StepMetrics, type TrainState, trainState } from './trainStep.ts';
import { updateDepth } from './updatePlan.ts';

/** Where a loop stands; plain JSON, kept in every checkpoint. */
interface LoopState {
  /** Index of the stage of the last update, and the updates made in it. */
  readonly stage: number;
  readonly stageStep: number;
  /** Seconds, tokens and FLOPs since step 0, over all processes that worked on the run. */
  readonly time: number;
  readonly tokens: number;
  readonly flops: number;
  readonly window: WindowState;
  /** Of a stage that carries rows. */
  readonly rows?: RowsState;
  readonly callbacks: Readonly<Record<string, unknown>>;
}

/** What a finished loop has to show. */
export interface LoopResult {
  readonly evaluation: EvalRecord;
  readonly seconds: number;
  readonly tokens: number;
  readonly flops: number;
}

type Judge = Compiled<Parameters<ReturnType<typeof evalStep>>, EvalSums>;

/** What the loop works with and reports to. */
export interface LoopContext {
  readonly plan: RunPlan;
  readonly folder: RunFolder;
  readonly callbacks: readonly Callback[];
  readonly signal: AbortSignal | undefined;
  /** Where to go on; undefined starts at step 0. */
  readonly from: Checkpoint | undefined;
  /** Told the number of updates made, so that the status is right whatever happens next. */
  readonly onStep: (step: number) => void;
}

/**
 * Trains from `from` to the end of the last stage.
 * @throws DivergedError, CancelledError (after saving), RunFolderError
 */
export async function trainLoop({ plan, folder, callbacks, signal, from, onStep }: LoopContext): Promise<LoopResult> {
  const { model, strategy, task, train, seed } = plan;
  const start = from?.state as LoopState | undefined; // saved by this function
  const specs = paramSpecs(model, strategy);
  const root = key(seed);
  const begun = performance.now();
  const elapsed = (): number => (start?.time ?? 0) + (performance.now() - begun) / 1000;

  const loops = evalDepth(model, strategy, train.evalLoops);
  const judges = new Map<ResolvedStage['rewrite'], Judge>();
  const guard = { factor: train.divergenceFactor, patience: train.divergencePatience, strategy: strategy.id };
  const window = new MetricWindow(guard, start?.window);
  for (const c of callbacks) if (start && c.name in start.callbacks) c.restore?.(start.callbacks[c.name]);

  let { tokens, flops: work, stageStep } = start ?? { tokens: 0, flops: 0, stageStep: 0 };
  let step = from?.step ?? 0;
  let evaluation: EvalRecord | undefined;
  let params = from ? paramsFromHost(from.params, specs) : initParams(specs, fold(root, 'init'));
  let live = (): Params => params;

  /** Trains one stage from `params` and leaves the result there. */
  const runStage = async (stage: ResolvedStage, index: number): Promise<void> => {
    const { batch, steps } = stage.train;
    const split = trainState(params, stage.trains);
    const { frozen } = split;
    let state: TrainState = split.state;
    live = () => ({ ...frozen, ...state.params });
    if (from && index === start?.stage) {
      disposeTree(state.optimiser);
      state = { ...state, optimiser: optimiserFromHost(from.optimiser, state.params) };
    }
    const cost = flopCounter(plan, stage);
    const lrAt = scheduleOf(stage);
    const updates = stepper(plan, stage);
    const compiled = (): Judge => compile(evalStep(model, strategy, loops, stage.rewrite), { name: 'evalStep' });
    const judge = judges.get(stage.rewrite) ?? compiled();
    judges.set(stage.rewrite, judge);
    const saved = index === start?.stage ? start.rows : undefined;
    const rows = stage.carry === 'none' ? undefined : takeUpRows(plan, batch, saved, from);
    /** The update after `step` others. */
    const update = async (lr: number): Promise<StepMetrics> => {
      const noise = fold(fold(root, 'noise'), step);
      const made = { ...updateDepth(plan, step), lr, noise, batch: (rows ?? fresh).batch(step) };
      const carry = await rows?.carry(() => updates.begin({ ...frozen, ...state.params }, made));
      const { state: next, metrics, carried } = await updates.step(state, frozen, carry ? { ...made, carry } : made);
      state = next;
      disposeTree(carry ?? {});
      if (carried) await rows?.keep(carried);
      return metrics;
    };
    const fresh = { batch: (at: number) => task.train(seed, at, batch) };
    window.beginStage(stage.objective.id, stageStep === 0);

    const log = async (lr: number): Promise<void> => {
      const { seconds, count, ...means } = window.take();
      const tokensPerSecond = (count * batch * task.seq) / Math.max(seconds, 1e-9);
      const record: TrainRecord = {
        ...{ step, time: elapsed(), kind: 'train', ...means, lr, tokensPerSecond, tokens, flops: work },
        ...(plan.stages.length > 1 ? { stage: stage.name } : {}),
      };
      folder.metrics.append(record);
      for (const c of callbacks) await c.onLog?.(record);
    };

    const judgeNow = async (): Promise<void> => {
      const on = { model, strategy, task, params: live(), batch, batches: train.evalBatches, loops };
      const result = await evaluate(judge, { ...on, key: fold(root, 'evaluation') });
      if (!Number.isFinite(result.loss))
        throw new DivergedError(`the held-out loss is ${result.loss} at step ${step}; lower train.lr`);
      evaluation = { step, time: elapsed(), kind: 'eval', ...result };
      folder.metrics.append(evaluation);
      folder.log(`step ${step}: held-out loss ${result.loss.toFixed(4)}, accuracy ${result.accuracy.toFixed(4)}`);
      for (const c of callbacks) await c.onEval?.(evaluation);
    };

    const save = async (): Promise<void> => {
      const host = await toHost(live());
      assertFinite(host, step);
      const optimiser = await toHost({ ...flattenOptimiser(state.optimiser), ...rows?.tensors() });
      const loss = evaluation?.step === step ? evaluation.loss : null;
      const states = callbacks.flatMap((c) => (c.state ? [[c.name, c.state()] as const] : []));
      const where = { stage: index, stageStep, time: elapsed(), tokens, flops: work };
      const loop: LoopState = {
        ...where,
        ...(rows ? { rows: rows.state() } : {}),
        window: window.state(),
        callbacks: Object.fromEntries(states),
      };
      // Metrics must be on disk before the checkpoint whose resume relies on them.
      folder.metrics.sync();
      const entry = saveCheckpoint(folder.checkpoints, { step, loss, params: host, optimiser, state: loop });
      pruneCheckpoints(folder.checkpoints, train.keepCheckpoints);
      folder.event('checkpoint', { step, loss });
      for (const c of callbacks) await c.onCheckpoint?.(entry);
    };

    try {
      while (stageStep < steps) {
        const lr = lrAt(stageStep);
        const at = performance.now();
        const metrics = await update(lr);
        work += cost(step);
        step++;
        stageStep++;
        tokens += batch * task.seq;
        window.push(step, metrics, (performance.now() - at) / 1000);
        onStep(step);
        folder.beat(step, plan.steps);
        for (const c of callbacks) await c.onStep?.({ step, lr, stage: stage.name });
        // Signals are delivered between two turns of the event loop; awaiting settled promises never ends a turn.
        await new Promise((resolve) => setImmediate(resolve));

        const isEnd = stageStep === steps;
        const isLog = isEnd || step % train.logEvery === 0;
        const isEval = isEnd || step % train.evalEvery === 0;
        if (isLog || isEval) await window.read();
        if (isLog) await log(lr);
        if (isEval) await judgeNow();
        const isStopping = signal?.aborted === true; // by what was just measured, too
        if (isEnd || isStopping || step % train.checkpointEvery === 0) {
          await window.read();
          await save();
        }
        if (isStopping && step < plan.steps) throw cancelled(signal.reason, folder.dir, step, plan.steps);
      }
      params = live();
    } finally {
      disposeTree(state.optimiser);
      rows?.dispose();
      await updates.release();
    }
  };

  try {
    for (const [index, stage] of plan.stages.entries()) {
      if (index < (start?.stage ?? 0)) continue;
      await runStage(stage, index);
      stageStep = 0;
    }
  } finally {
    window.dispose();
    disposeTree(live());
    for (const judge of judges.values()) await judge.release();
  }
  const last = evaluation ?? readEvaluations(folder.dir).at(-1);
  if (!last) throw new Error(`run ${folder.dir} ended without an evaluation`);
  return { evaluation: last, seconds: elapsed(), tokens, flops: work };
}

/** Rows that are carried, from where a checkpoint left them. */
function takeUpRows(
  { task, seed }: RunPlan,
  batch: number,
  saved: RowsState | undefined,
  from: Checkpoint | undefined,
): CarriedRows {
  return saved && from ? CarriedRows.restore(task, seed, saved, from.optimiser) : new CarriedRows(task, seed, batch);
}

function scheduleOf({ train }: ResolvedStage): Schedule {
  const { lr: peak, warmup, steps, minLrRatio: minRatio } = train;
  const made = {
    cosine: () => warmupCosine({ peak, warmup, steps, minRatio }),
    constant: () => warmupConstant({ peak, warmup }),
  };
  return made[train.schedule]();
}

function cancelled(reason: unknown, dir: string, step: number, steps: number): CancelledError {
  const why = reason instanceof Error ? reason.message : 'stopped';
  const { exitCode, status } = reason instanceof CancelledError ? reason : {};
  // Who gave it up will not go on.
  const next = status === 'pruned' ? '' : ', run the same command to go on';
  const message = `${why} after step ${step} of ${steps}; the state is saved in ${dir}${next}`;
  return new CancelledError(message, exitCode, status);
}
