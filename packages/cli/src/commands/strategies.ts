// `looplab strategies`: the recurrence strategies that can be trained, with their options.
import { command } from '../command.ts';

export const strategies = command({
  words: 'strategies',
  describe: 'list the recurrence strategies and their options',
  options: {
    json: { type: 'boolean', default: false, describe: 'print one JSON array instead of a table' },
  },
  async run() {},
});
