// Tables line up, with numbers flush right.
import { expect, it } from 'vitest';
import { columns } from './columns.ts';

it('lines columns up', () => {
  const text = columns(
    ['strategy', 'params'],
    [
      ['loopLM', '1'],
      ['x', '12345678'],
    ],
    [1],
  );
  expect(text).toBe('strategy    params\nloopLM           1\nx         12345678\n');
});
