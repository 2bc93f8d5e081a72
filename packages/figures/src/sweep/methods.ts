// The methods paragraph of a report: what was trained, how, and how it was judged, in sentences made from the manifest and the runs.
import { count } from '../charts/perLoop.ts';
import { bracketed, described, machineOf, originFacts, seedsOf } from '../report/origin.ts';
import type { Run } from '../run.ts';
import { type Setting, settingsOf } from '../settings.ts';
import { written } from './axes.ts';
import { type Axis, readableRuns, type Sweep } from './sweep.ts';

/** How a search chooses, before the list of what it varies. */
const searches: Readonly<Record<string, string>> = {
  grid: 'a grid over',
  zip: 'paired values of',
  cross: 'combinations of',
  random: 'random draws of',
  tpe: 'points that a tree-structured Parzen estimator proposed for',
  asha: 'random draws, trained by asynchronous successive halving, of',
};

/** A paragraph for people; what differs between runs is said to be varied. */
export function methodsParagraph(sweep: Sweep): string {
  const runs = readableRuns(sweep);
  return [
    planned(sweep, runs),
    ...(runs.length > 0 ? [model(runs), training(runs)] : []),
    judged(sweep, runs),
    where(runs),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function planned({ study, manifest, axes, configurations }: Sweep, runs: readonly Run[]): string {
  const all = configurations.reduce((n, c) => n + c.runs.length, 0);
  const seeds = seedsOf(runs);
  const most = Math.max(...configurations.map((c) => c.runs.length));
  const each = `${plural(seeds.length || most, 'seed')}${seeds.length > 1 ? ` (${enumeration(seeds.map(String))})` : ''}`;
  const [search, rule] = (manifest?.search.id ?? '').split('+');
  const how = searches[search ?? ''] ?? '';
  const varied = axes.map((axis) => `${axis.label} (${valuesOf(axis)})`);
  const space = varied.length === 0 ? '' : `: ${how === '' ? 'they differ in' : how} ${enumeration(varied)}`;
  const stopped = rule === 'median' ? ', with runs given up by the median rule' : '';
  return `The study ${study} comprises ${plural(all, 'run')}, ${plural(configurations.length, 'configuration')} with ${each}${most > 1 && seeds.length > 1 ? ' each' : ''}${space}${stopped}.`;
}

function valuesOf({ values }: Axis): string {
  if (values.length <= 6) return values.map((v) => written(v)).join(', ');
  if (values.every((v) => typeof v === 'number')) {
    return `${values.length} values from ${written(values[0])} to ${written(values.at(-1))}`;
  }
  return `${values.length} values`;
}

/** The value of a setting, `undefined` where no run has it, and whether runs differ in it. */
function common(runs: readonly Run[]): (key: string) => { value: Setting | undefined; varied: boolean } {
  const flat = runs.map((run) => settingsOf(run.config));
  return (key) => {
    const values = new Set(flat.map((f) => f.get(key)));
    const [value] = values;
    return { value, varied: values.size > 1 };
  };
}

/** `before value after`, or that it is varied; nothing where it is not known. */
function phrase(
  get: ReturnType<typeof common>,
  key: string,
  write: (value: number) => string,
  whenVaried: string,
): string[] {
  const { value, varied } = get(key);
  if (varied) return [whenVaried];
  return typeof value === 'number' ? [write(value)] : [];
}

function model(runs: readonly Run[]): string {
  const get = common(runs);
  const shape = [
    ...phrase(get, 'model.layers', (v) => plural(v, 'layer'), 'a varied number of layers'),
    ...phrase(get, 'model.dModel', (v) => `width ${v}`, 'varied width'),
    ...phrase(get, 'model.heads', (v) => plural(v, 'head'), 'a varied number of heads'),
    ...phrase(get, 'model.dFF', (v) => `inner width ${v}`, 'varied inner width'),
  ];
  const loops = phrase(
    get,
    'model.loops',
    (v) => (v === 1 ? ' applied once' : ` applied ${v} times`),
    ' applied a varied number of times',
  );
  const sizes = [...new Set(runs.flatMap((run) => run.params ?? []))].sort((a, b) => a - b);
  const size =
    sizes.length === 0
      ? ''
      : sizes.length === 1
        ? ` (${count(sizes[0] ?? 0)} parameters)`
        : ` (${count(sizes[0] ?? 0)} to ${count(sizes.at(-1) ?? 0)} parameters)`;
  const strategies = distinct(runs, (run) => `${run.strategy}${bracketed(described(run.config.strategy))}`);
  const objectives = distinct(runs, (run) => `${run.objective}${bracketed(described(run.config.objective))}`);
  const tasks = distinct(runs, (run) => `${run.task}${bracketed(described(run.config.task))}`);
  return `Models are transformers${shape.length > 0 ? ` of ${enumeration(shape)}` : ''}${loops.join('')}${size}, with the strategy ${few(strategies, 'strategies')} and the objective ${few(objectives, 'objectives')}, on the task ${few(tasks, 'tasks')}.`;
}

function training(runs: readonly Run[]): string {
  const get = common(runs);
  const parts = [
    ...phrase(get, 'train.steps', (v) => `${count(v)} updates`, 'a varied number of updates'),
    ...phrase(get, 'train.batch', (v) => `${plural(v, 'row')} an update`, 'varied batches'),
    ...phrase(
      get,
      'train.lr',
      (v) => `learning rate ${written(v)}${schedule(get)}`,
      `varied learning rates${schedule(get)}`,
    ),
    ...phrase(get, 'train.weightDecay', (v) => `weight decay ${v}`, 'varied weight decay'),
    ...phrase(get, 'train.clipNorm', (v) => `gradients clipped at norm ${v}`, 'varied gradient clipping'),
  ];
  const optimiser = get('train.beta1').value === undefined ? '' : ' with AdamW';
  return parts.length === 0 ? '' : `Each run is trained${optimiser}: ${enumeration(parts)}.`;
}

function schedule(get: ReturnType<typeof common>): string {
  const { value, varied } = get('train.schedule');
  const warmup = phrase(get, 'train.warmup', (v) => `after ${plural(v, 'update')} of warm-up`, 'after varied warm-up');
  if (varied) return ' on varied schedules';
  return typeof value === 'string' ? ` (${[value, ...warmup].join(' ')})` : '';
}

function judged({ metric, manifest }: Sweep, runs: readonly Run[]): string {
  const every = phrase(common(runs), 'train.evalEvery', (v) => ` every ${plural(v, 'update')}`, '');
  const best = manifest ? ` The sweep looks for the ${metric.better === 'higher' ? 'highest' : 'lowest'} value.` : '';
  return `Results are ${metric.title} at the last evaluation${every.length > 0 && every[0] !== '' ? `; evaluations are made${every[0]}` : ''}.${best}`;
}

function where(runs: readonly Run[]): string {
  const machines = distinct(runs, machineOf);
  const devices = distinct(runs, (run) => run.manifest.device ?? '');
  const code = originFacts(runs).find(([name]) => name === 'Code')?.[1] ?? '';
  const on = machines.length === 0 ? '' : `on ${few(machines, 'machines')}`;
  const by = devices.length === 0 ? '' : ` (device ${few(devices, 'devices')})`;
  if (on === '' && code === '') return '';
  return `Runs were computed${on === '' ? '' : ` ${on}${by}`}${code === '' ? '' : ` from ${code}`}.`;
}

function distinct(runs: readonly Run[], of: (run: Run) => string): string[] {
  return [...new Set(runs.map(of))].filter((text) => text !== '');
}

/** Up to three of them by name. */
function few(values: readonly string[], plural: string): string {
  return values.length <= 3 ? enumeration(values) : `(${values.length} ${plural}, see below)`;
}

/** `a, b and c`. */
export function enumeration(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** `1 run`, `2 runs`. */
export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}
