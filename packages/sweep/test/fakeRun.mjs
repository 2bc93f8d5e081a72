// A run that computes nothing: keeps the same files as a real one, starts in the blink of an eye, and notes every step it makes.
//
// `node fakeRun.mjs TASK.json`. What it does is set by its learning rate (its score), its decay (its fate) and the environment:
// FAKE_STEP_MS, milliseconds of a step. Each step is a line `<run> <step> <pid>` in `ledger.txt` beside the run folders.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** `train.weightDecay` of a run chooses what becomes of it. */
const FATES = {
  1: 'user',
  2: 'killed',
  3: 'diverged',
  4: 'killed once',
  5: 'disk full once',
  6: 'crash',
  7: 'user once',
};

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { dir, run } = task;
const { train, seed } = task.config;
const fate = FATES[train.weightDecay];
const stepMs = Number(process.env.FAKE_STEP_MS ?? 1);
const path = (name) => join(dir, name);
const read = (name) => (existsSync(path(name)) ? JSON.parse(readFileSync(path(name), 'utf8')) : undefined);
const write = (name, value) => {
  writeFileSync(path(`${name}.${process.pid}.tmp`), `${JSON.stringify(value)}\n`);
  renameSync(path(`${name}.${process.pid}.tmp`), path(name));
};
const note = (line) => appendFileSync(join(dir, '..', 'ledger.txt'), `${line}\n`);

mkdirSync(path('checkpoints'), { recursive: true });
const stat = readFileSync('/proc/self/stat', 'utf8');
const born = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
const owner = { pid: process.pid, host: hostname(), born, token: `${process.pid}` };
writeFileSync(path(`lock.${process.pid}`), JSON.stringify(owner));
for (;;) {
  try {
    linkSync(path(`lock.${process.pid}`), path('run.lock'));
    break;
  } catch {
    const other = read('run.lock');
    const isAlive = other && existsSync(`/proc/${other.pid}`);
    if (isAlive) {
      rmSync(path(`lock.${process.pid}`));
      console.error(`process ${other.pid} is writing this run`);
      process.exit(75);
    }
    rmSync(path('run.lock'), { force: true });
  }
}
rmSync(path(`lock.${process.pid}`));

let stop;
process.on('SIGTERM', () => (stop ??= 'cancelled'));
process.on('SIGUSR2', () => (stop ??= 'preempted'));
process.on('disconnect', () => (stop ??= 'preempted'));

let step = read('checkpoints/fake.json')?.step ?? 0;
const steps = train.steps;
const startedAt = new Date().toISOString();
const status = (value, more = {}) =>
  write('status.json', { status: value, step, steps, startedAt, updatedAt: new Date().toISOString(), ...more });
const end = (code) => {
  rmSync(path('run.lock'), { force: true });
  process.exit(code);
};
write('config.json', task.config);
// what was written after the checkpoint is computed again
const kept = (existsSync(path('metrics.jsonl')) ? readFileSync(path('metrics.jsonl'), 'utf8') : '')
  .split('\n')
  .filter((line) => {
    try {
      return JSON.parse(line).step <= step;
    } catch {
      return false;
    }
  });
const metrics = path(`metrics.${process.pid}.tmp`);
writeFileSync(metrics, kept.map((line) => `${line}\n`).join(''));
renameSync(metrics, path('metrics.jsonl'));
status('running');
console.log(`from step ${step} of ${steps}`);

let best = Number.POSITIVE_INFINITY;
while (step < steps) {
  if (stop) {
    write('checkpoints/fake.json', { step });
    status(stop);
    if (stop === 'preempted' && process.env.SLURM_JOB_ID) {
      execFileSync('scontrol', ['requeue', process.env.SLURM_JOB_ID], { stdio: 'inherit' });
    }
    end(stop === 'cancelled' ? 143 : 75);
  }
  await new Promise((resolve) => setTimeout(resolve, stepMs));
  step++;
  note(`${run} ${step} ${process.pid}`);
  const isSecond = existsSync(path('again'));
  if (step === 3 && (fate === 'user' || (fate === 'user once' && !isSecond))) {
    writeFileSync(path('again'), '');
    status('failed', { error: 'a setting that cannot be', cause: 'user' });
    end(42);
  }
  if (step === 3 && fate === 'disk full once' && !isSecond) {
    writeFileSync(path('again'), '');
    status('failed', { error: 'cannot write: the disk is full; free some space (ENOSPC)', cause: 'infra' });
    end(1);
  }
  if (step === 3 && fate === 'diverged') {
    status('diverged', { error: 'the loss is NaN at step 3' });
    end(0);
  }
  if (step === 3 && fate === 'crash') process.exit(42); // before it could say why
  if (step === 3 && (fate === 'killed' || (fate === 'killed once' && !isSecond))) {
    writeFileSync(path('again'), '');
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => {});
  }
  const isEval = step % train.evalEvery === 0 || step === steps;
  if (isEval) {
    // better with time, and best at a learning rate of 0.03
    const loss = Math.abs(Math.log(train.lr / 0.03)) + seed / 100 + 5 / step;
    const scores = { accuracyPerLoop: [], lossPerLoop: [], exitDistribution: [], expectedLoops: 1 };
    const record = { step, time: step / 1000, kind: 'eval', ...scores, loss, accuracy: 1 / (1 + loss) };
    appendFileSync(path('metrics.jsonl'), `${JSON.stringify(record)}\n`);
    best = Math.min(best, task.metric === 'loss' ? loss : -record.accuracy);
    write('checkpoints/fake.json', { step });
    const isAbove = task.limits?.some(([at, limit]) => at === step && best > limit);
    if (step < steps && (isAbove || (task.until !== undefined && step >= task.until))) {
      status('pruned');
      end(0);
    }
  }
  if (!stop) status('running');
}
status('finished');
note(`${run} finished`);
end(0);
