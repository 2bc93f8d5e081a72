// Writes docs/analyses.md from the registry of analyses: `node tools/analyses.ts`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Analysis, analyses } from '@looplab/analysis';

const needs: Readonly<Record<Analysis['needs'][number], string>> = {
  loops: 'more than one loop',
  readouts: 'a strategy that can be read after every loop',
  chain: 'a task with intermediate values',
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** The page, from the registry alone. */
export function analysesPage(): string {
  const sections = analyses.map((a) => {
    const wanted = a.needs.map((n) => needs[n]).join(', ');
    const tables = Object.entries(a.tables).map(([name, columns]) => {
      const rows = Object.entries(columns).map(([column, what]) => `| \`${column}\` | ${cell(what)} |`);
      return `\`${name}\`\n\n| column | what it holds |\n| --- | --- |\n${rows.join('\n')}`;
    });
    return `## ${a.id}\n\n${a.title}.${wanted === '' ? '' : ` Needs ${wanted}.`}\n\n${tables.join('\n\n')}`;
  });
  return `# Analyses

What a trained run can be asked: \`looplab analyze RUN --all\` computes what applies, keeps the tables in the run folder
(\`artifacts/analysis/<id>.json\`) and writes \`report.html\`; \`--collect FOLDER\` joins the tables of many runs into CSV files, told apart by
\`variant\` and \`seed\`. From code, each is a pure function of a model, its parameters and a task (\`analysisById\` of \`@looplab/analysis\`). An
interval in a single run's table is over its held-out rows; over seeds see \`overSeeds\` and \`compareSeeds\`. This page is made from the registry
by \`node tools/analyses.ts\`.

${sections.join('\n\n')}
`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'analyses.md'), analysesPage());
}
