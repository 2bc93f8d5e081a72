// Checks JSON lines, Parquet and tokenizer.json files, and what is said about broken ones.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { parquetColumn } from './parquetColumn.ts';
import { taskById } from './registry.ts';
import { TaskError } from './task.ts';
import { text } from './text.ts';
import { documents } from './textFiles.ts';

const dir = mkdtempSync(join(tmpdir(), 'looplab-text-files-'));
afterAll(() => rmSync(dir, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};
const parquet = (column: string, data: (string | null)[], options: object = {}) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: data.map((_, i) => i) },
        { name: column, data, type: 'STRING' },
      ],
      ...options,
    }),
  );

/** All symbols of a task: its validation rows, when nearly everything is held out. */
const contents = (files: string[], more: object = {}) => {
  const task = text({ files, seq: 1, validationFraction: 0.5, ...more });
  const ids = Array.from({ length: task.validationRows ?? 0 }, (_, i) => task.validation(i, 1).ids[0] ?? -1);
  return task.decode(ids);
};

describe('JSON lines', () => {
  it('give the field asked for, with the separator after each', () => {
    const lines = [
      '{"text":"one","body":"eins"}',
      '',
      '  {"body":"zw\\u00f6lf","text":"twelve"}  ',
      '{"text":"","body":"x"}',
    ];
    const path = file('a.jsonl', lines.join('\n'));
    expect(contents([path], { separator: '|', validationFraction: 0.9 })).toBe('e|twelve'); // 9 of 11 bytes held out, the last only a target
    expect(contents([path], { field: 'body', separator: '|', validationFraction: 0.9 })).toBe('ns|zwölf|x');
  });

  it('go by the format named, whatever the ending', () => {
    const path = file('lines.txt', '{"text":"abcdef"}\n{"text":"ghijkl"}');
    expect(contents([path], { format: 'jsonl', separator: '' })).toBe('ghijk');
    expect(contents([path], { format: 'text' })).toContain('"text"');
  });

  it.each([
    ['broken', '{"text":"a"}\n{"text":', /line 2 of .*broken\.jsonl is not JSON/],
    [
      'other',
      '{"body":"a","id":1}',
      /line 1 of .*other\.jsonl has no string in 'text' \(it has body, id\); set task\.field/,
    ],
    ['list', '["a"]', /has no string in 'text' \(it is no object\)/],
    ['number', '{"text":3}', /has no string in 'text'/],
    ['blank', '{"text":""}\n', /blank\.jsonl has no text in text; set task\.field/],
  ])('say which line is %s', (name, content, message) => {
    const path = file(`${name}.jsonl`, content);
    expect(() => text({ files: [path] })).toThrow(message);
    expect(() => text({ files: [path] })).toThrow(TaskError);
  });

  it('survive any bytes: a document or a TaskError', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string(), fc.constant('{"text":"ok"}'))), (lines) => {
        try {
          documents(Buffer.from(lines.join('\n')), 'x.jsonl', 'jsonl', 'text');
        } catch (error) {
          expect(error).toBeInstanceOf(TaskError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('Parquet', () => {
  it('gives back what another library wrote: Snappy, dictionaries, row groups, missing values', () => {
    const strings = fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        strings,
        fc.constantFrom('SNAPPY', 'UNCOMPRESSED'),
        fc.integer({ min: 1, max: 20 }),
        (data, codec, rowGroupSize) => {
          const read = parquetColumn(parquet('text', data, { codec, rowGroupSize }), 'text');
          expect(read).toEqual(data.map((value) => value ?? undefined));
        },
      ),
      { numRuns: 100 },
    );
    const repeated = Array.from({ length: 3000 }, (_, i) => `word ${i % 7}`);
    expect(parquetColumn(parquet('text', repeated), 'text')).toEqual(repeated);
  });

  it.each([
    ['GZIP', gzipSync],
    ['BROTLI', brotliCompressSync],
    ['ZSTD', zstdCompressSync],
  ] as const)('reads pages packed by %s', (codec, pack) => {
    const data = Array.from({ length: 500 }, (_, i) => (i % 9 === 0 ? null : `line ${i} of a text`));
    const packed = parquet('text', data, { codec, compressors: { [codec]: pack }, rowGroupSize: 100 });
    expect(parquetColumn(packed, 'text')).toEqual(data.map((value) => value ?? undefined));
  });

  it('becomes a task by its ending', () => {
    const path = file('docs.parquet', parquet('content', ['first document', null, 'second document']));
    expect(contents([path], { field: 'content', separator: '\n' })).toBe('econd document');
    const task = text({ files: [path], field: 'content', seq: 4, validationFraction: 0.4 });
    expect(taskById('text', task.config).validation(0, 1)).toEqual(task.validation(0, 1));
  });

  it.each([
    ['column', parquet('content', ['a']), /there is no column text; there are id, content; set task\.field/],
    [
      'numbers',
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: [1, 2], type: 'INT32' }] })),
      /does not hold strings/,
    ],
    ['nothing', parquet('text', [null, '']), /has no text in text/],
    ['garbage', Uint8Array.from({ length: 99 }, (_, i) => i), /cannot read .*garbage\.parquet as Parquet/],
    ['lz4', packedBy('LZ4_RAW'), /unsupported compression codec: LZ4_RAW; .*Snappy/],
  ])('says what is wrong with %s', (name, bytes, message) => {
    const path = file(`${name}.parquet`, bytes);
    expect(() => text({ files: [path] })).toThrow(message);
    expect(() => text({ files: [path] })).toThrow(TaskError);
  });

  it('refuses every file that was cut off', () => {
    // not flipped bytes: a page header with a huge count keeps hyparquet busy for minutes
    const good = Buffer.from(parquet('text', ['some', 'text', 'in', 'a', 'file']));
    expect(documents(good, 'x.parquet', 'parquet', 'text')).toHaveLength(5);
    for (let length = 0; length < good.length; length++) {
      const cut = () => documents(good.subarray(0, length), 'x.parquet', 'parquet', 'text');
      expect(cut).toThrow(TaskError);
    }
  });
});

function packedBy(codec: 'LZ4_RAW'): Uint8Array {
  return parquet('text', ['a', 'b'], { codec, compressors: { [codec]: (input: Uint8Array) => input } });
}

describe('a tokenizer.json', () => {
  // Byte-level BPE by hand: every byte is a token, then three merges and one special token.
  const bytes = byteAlphabet();
  const merges = [
    ['l', 'o'],
    ['lo', 'o'],
    ['loo', 'p'],
  ];
  const vocab = Object.fromEntries([...bytes, 'lo', 'loo', 'loop', '<|end|>'].map((token, id) => [token, id]));
  const json = {
    version: '1.0',
    added_tokens: [
      {
        id: 259,
        content: '<|end|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      vocab,
      merges,
    },
  };
  const tokenizer = file('tokenizer.json', JSON.stringify(json));
  const [loo, loop, end] = [vocab.loo, vocab.loop, 259];

  it('turns text into its tokens', () => {
    const path = file('loops.jsonl', '{"text":"loop"}\n{"text":"looloop"}\n{"text":"loop"}');
    const task = text({ files: [path], tokenizer, separator: '<|end|>', seq: 1, validationFraction: 0.75 });
    expect(task.vocab).toBe(260);
    const ids = Array.from({ length: task.validationRows ?? 0 }, (_, i) => task.validation(i, 1).ids[0]);
    expect(ids).toEqual([loo, loop, end, loop]); // loop <|end|> loo loop <|end|> loop <|end|>, the last 5 of 7 held out
    expect(task.decode([loop ?? 0, end, loo ?? 0])).toBe('loop<|end|>loo');
  });

  it('counts the bytes behind a symbol', () => {
    const path = file('plain.txt', 'loop'.repeat(40));
    expect(text({ files: [path], tokenizer, seq: 2 }).bytesPerSymbol).toBe(4);
    expect(text({ files: [path], seq: 2 }).bytesPerSymbol).toBe(1);
  });

  it('is recorded, and makes the task again', () => {
    const path = file('plain2.txt', 'loop the loop '.repeat(20));
    const task = text({ files: [path], tokenizer, seq: 4 });
    expect(task.config.tokenizer).toMatchObject({ path: tokenizer });
    const again = taskById('text', task.config);
    expect(again.validation(0, 2)).toEqual(task.validation(0, 2));
    expect(task.decode(task.validation(0, 1).ids).length).toBeGreaterThan(4);
  });

  it.each([
    ['no.json', '{', /no\.json is not a Hugging Face tokenizer\.json \(/],
    ['empty-object.json', '{}', /is not a Hugging Face tokenizer\.json/],
  ])('says what is wrong with %s', (name, content, message) => {
    const path = file('t.txt', 'some text '.repeat(90));
    expect(() => text({ files: [path], tokenizer: file(name, content) })).toThrow(message);
    expect(() => text({ files: [path], tokenizer: join(dir, 'nowhere.json') })).toThrow(
      /there is no file .*check task\.tokenizer/,
    );
  });
});

/** The printable stand-ins of byte-level BPE: bytes that are printable stand for themselves, the others for characters from 256 on. */
function byteAlphabet(): string[] {
  const isPrintable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(isPrintable(b) ? b : next++));
}
