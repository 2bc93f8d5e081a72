// How text becomes symbols: its UTF-8 bytes, or the tokens of a Hugging Face tokenizer.json.
import { createRequire } from 'node:module';
import { TaskError } from './task.ts';
import { type FileIdentity, readFile } from './textFiles.ts';

export interface TextSymbols {
  readonly vocab: number;
  /** What the task's config records: `bytes`, or the tokenizer's file. */
  readonly config: 'bytes' | FileIdentity;
  /** @param text a string, or its UTF-8 bytes */
  encode(text: string | Buffer): ArrayLike<number>;
  decode(ids: ArrayLike<number>): string;
}

/** One symbol for each value of a byte. */
export const byteSymbols: TextSymbols = {
  vocab: 256,
  config: 'bytes',
  encode: (text) => (typeof text === 'string' ? Buffer.from(text, 'utf8') : text),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
};

/**
 * The tokens of a `tokenizer.json`, as Hugging Face's `tokenizers` writes it. Special tokens written out in a text are recognised; none are
 * added. The vocabulary is the largest id and one.
 * @throws TaskError where the file is missing, no JSON, or not such a tokenizer
 */
export function tokenizerSymbols(file: string | FileIdentity): TextSymbols {
  const { bytes, identity } = readFile(file, 'tokenizer');
  // only those who use a tokenizer pay for it
  const { Tokenizer } = createRequire(import.meta.url)(
    '@huggingface/tokenizers',
  ) as typeof import('@huggingface/tokenizers');
  const fail = (error: unknown): never => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TaskError(
      `text: ${identity.path} is not a Hugging Face tokenizer.json (${reason}); set task.tokenizer to one, or to 'bytes'`,
    );
  };
  let tokenizer: InstanceType<typeof Tokenizer>;
  let vocab: number;
  try {
    tokenizer = new Tokenizer(JSON.parse(bytes.toString('utf8')), {});
    vocab = 1 + Math.max(...tokenizer.get_vocab(true).values());
  } catch (error) {
    return fail(error);
  }
  return {
    vocab,
    config: identity,
    encode: (text) => {
      try {
        return tokenizer.encode(text.toString(), { add_special_tokens: false }).ids;
      } catch (error) {
        return fail(error);
      }
    },
    decode: (ids) =>
      tokenizer.decode(Array.from(ids), { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
  };
}
