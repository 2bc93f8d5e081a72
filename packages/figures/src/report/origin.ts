// How runs came about: what was trained on what, by which commands, from which code, on which machine.
import type { Run } from '../run.ts';
import { escapeHtml as h } from './html.ts';
import { sectionHtml } from './sections.ts';

/** A name with what it is, such as `Machine` with its processor; empty values are not shown. */
export type Fact = readonly [name: string, value: string];

/** Different values that are spelled out. */
const SPELLED = 6;

/** What was trained, from which code, on which machine. */
export function methodsHtml(runs: readonly Run[], commands: readonly string[]): string {
  const facts: Fact[] = [
    ['Data', listed(runs, (run) => `${run.task}${bracketed(described(run.config.task))}`)],
    ['Objective', listed(runs, (run) => `${run.objective}${bracketed(described(run.config.objective))}`)],
    [
      'Training',
      listed(runs, (run) => described(run.config.train, ['steps', 'batch', 'lr', 'schedule', 'weightDecay'])),
    ],
    ['Seeds', seedsOf(runs).join(', ')],
    ...originFacts(runs),
  ];
  return madeHtml(runs, commands, facts);
}

/** The section that says how every number came about. */
export function madeHtml(runs: readonly Run[], commands: readonly string[], facts: readonly Fact[]): string {
  const list = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${h(value)}</dd>`)
    .join('');
  const typed = commands.length === 0 ? '' : `<h3>Made with</h3><pre>${commands.map(h).join('\n')}</pre>`;
  return sectionHtml(
    'How this was made',
    `<div class="prose"><p>Every number is computed from the ${runs.length === 1 ? 'run folder' : `${runs.length} run folders`} listed below, at each run's last evaluation on held-out data. A point or thin line is one seed. Intervals over three seeds or more are 95% Student t intervals of the mean; over two seeds they are the range.</p>${typed}<dl class="facts">${list}</dl></div>`,
  );
}

/** Code, machine and packages of the runs. */
export function originFacts(runs: readonly Run[]): Fact[] {
  return [
    ['Code', listed(runs, codeOf)],
    ['Lockfile', listed(runs, ({ manifest }) => manifest.lockfileHash?.slice(0, 12))],
    ['Machine', listed(runs, machineOf)],
    ['Device', listed(runs, ({ manifest }) => manifest.device)],
    [
      'Packages',
      listed(runs, ({ manifest }) =>
        Object.entries(manifest.packages ?? {})
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ),
    ],
  ];
}

/** The different values of the runs, the first ones spelled out. */
function listed(runs: readonly Run[], of: (run: Run) => string | undefined): string {
  const values = [...new Set(runs.map(of))].filter((v) => v !== undefined && v !== '');
  const more = values.length - SPELLED;
  return more > 0 ? `${values.slice(0, SPELLED).join('; ')} and ${more} more` : values.join('; ');
}

/** The seeds of the runs, upwards. */
export function seedsOf(runs: readonly Run[]): number[] {
  return [...new Set(runs.map((run) => run.seed))].sort((a, b) => a - b);
}

export const bracketed = (text: string): string => (text === '' ? '' : ` (${text})`);

/** Values of a configuration as `key value, key value`, lists by their names; deeper things are left to config.json. */
export function described(value: unknown, keys?: readonly string[]): string {
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .filter(([k]) => k !== 'name' && k !== 'id' && (keys === undefined || keys.includes(k)))
    .map(([k, v]) => [k, Array.isArray(v) ? v.map(plain).join(' ') : plain(v)])
    .filter(([, text]) => text !== '')
    .map(([k, text]) => `${k} ${text}`)
    .join(', ');
}

/** A plain value as text, an object by its name, else nothing. */
function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'name' in value ? plain(value.name) : '';
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';
}

function codeOf({ manifest: { git, codeId } }: Run): string {
  const parts = [
    git?.sha === undefined ? undefined : `commit ${git.sha.slice(0, 12)}${git.dirty ? ' with local changes' : ''}`,
    codeId === undefined ? undefined : `sources ${codeId}`,
  ];
  return parts.filter((p) => p !== undefined).join(', ');
}

/** Processor, cores and Node. */
export function machineOf({ manifest: { cpu, cores, node } }: Run): string {
  return [
    cpu,
    cores === undefined ? undefined : `${cores} cores`,
    node === undefined ? undefined : `Node ${node.replace(/^v/, '')}`,
  ]
    .filter((x) => x !== undefined)
    .join(', ');
}
