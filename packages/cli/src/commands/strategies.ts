// `looplab strategies`: the recurrence strategies that can be trained, where each comes from, the objectives that fit it, and its options.
import { columns } from '../columns.ts';
import { command } from '../command.ts';

export const strategies = command({
  words: 'strategies',
  describe: 'list the recurrence strategies, the objectives that fit each, and their options',
  options: {
    json: { type: 'boolean', default: false, describe: 'print one JSON array' },
  },
  async run({ json }) {
    const [{ strategies: kinds }, { objectivesThatFit }, { z }] = await Promise.all([
      import('@looplab/core'),
      import('@looplab/objectives'),
      import('zod'),
    ]);
    const list = kinds.map((kind) => ({
      id: kind.id,
      summary: kind.summary,
      paper: kind.paper,
      needs: kind.needs,
      objective: kind.objective,
      table: kind.table,
      objectives: objectivesThatFit(kind.make({})),
      options: z.toJSONSchema(kind.schema, { io: 'input' }).properties ?? {},
    }));
    if (json) {
      process.stdout.write(`${JSON.stringify(list)}\n`);
      return;
    }
    const rows = list.map((s) => [s.id, s.summary, s.paper, s.needs, s.objective]);
    process.stdout.write(columns(['strategy', 'what it is', 'paper', 'needs', 'objective'], rows));
    process.stdout.write(
      `\n${columns(
        ['strategy', 'objectives that fit'],
        list.map((s) => [s.id, s.objectives.join(', ')]),
      )}`,
    );
    const options = list.flatMap((s) =>
      Object.entries(s.options).map(([name, schema]) => {
        const { description = '', default: fallback } = typeof schema === 'object' ? schema : {};
        return [s.id, name, fallback === undefined ? '' : JSON.stringify(fallback), description];
      }),
    );
    if (options.length === 0) return;
    process.stdout.write(`\n${columns(['strategy', 'option', 'default', ''], options)}`);
  },
});
