// The options of policies that keep one slot of a finished token.
import { z } from 'zod';

export const keepOptions = z.strictObject({
  prompt: z
    .enum(['one', 'every'])
    .default('one')
    .describe('slots kept of tokens that are fed together, a prompt: one as of later tokens, or every slot'),
});
