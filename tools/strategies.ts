// Writes docs/strategies.md from the registry of strategies: `node tools/strategies.ts`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StrategyKind, type StrategyTable, strategies } from '@looplab/core';
import { objectives } from '@looplab/objectives';

const columns: readonly (readonly [keyof StrategyTable, string])[] = [
  ['state', 'State'],
  ['injection', 'Injection'],
  ['depth', 'Depth in training'],
  ['gradient', 'Gradient'],
  ['halting', 'Halting'],
  ['kv', 'Keys and values'],
  ['cost', 'Cost of a step'],
];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** The page, from the registries alone. */
export function strategiesPage(): string {
  const options = (kind: StrategyKind): readonly string[][] =>
    Object.entries(kind.schema.shape).map(([name, schema]) => [
      `\`${name}\``,
      defaultOf(schema),
      schema.description ?? '',
    ]);
  const details = strategies.map((kind) => {
    const rows = options(kind);
    const settings = rows.length === 0 ? 'No options.' : table(['option', 'default', 'what it does'], rows);
    return `### ${kind.id}\n\n${sentence(kind.summary)} Source: ${kind.paper}. Needs ${kind.needs}. Default objective: \`${kind.objective}\`.\n\n${settings}`;
  });
  return `# Strategies

Every recurrence runs over the same block, with the same loop, cache, training and counted FLOPs; this table says in what they differ. It is made from the registry by \`node tools/strategies.ts\`; \`looplab strategies\` prints the list. To add one, see [write-a-strategy.md](write-a-strategy.md).

${table(
  ['Strategy', ...columns.map(([, title]) => title)],
  strategies.map((kind) => [`[${kind.id}](#${kind.id.toLowerCase()})`, ...columns.map(([key]) => kind.table[key])]),
)}

## Each in turn

${details.join('\n\n')}

## Objectives

${table(
  ['objective', 'what it is'],
  objectives.map((o) => [`\`${o.id}\``, o.summary]),
)}
`;
}

/** A zod schema's default as JSON; a dash where there is none. */
function defaultOf(schema: unknown): string {
  const parsed = (schema as { safeParse(x: undefined): { success: boolean; data?: unknown } }).safeParse(undefined); // every zod schema has it
  return parsed.success && parsed.data !== undefined ? `\`${JSON.stringify(parsed.data)}\`` : '–';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'strategies.md'), strategiesPage());
}
