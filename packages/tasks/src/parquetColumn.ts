// Reads one column of strings from a Parquet file that is in memory, in one synchronous pass.
import { createRequire } from 'node:module';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';

/** What hyparquet does not decompress itself and Node does. */
const compressors = {
  GZIP: unpacked(gunzipSync),
  BROTLI: unpacked(brotliDecompressSync),
  ZSTD: unpacked(zstdDecompressSync),
};

/**
 * The values of column `name`, in order; `undefined` where a row has none.
 *
 * hyparquet's own readers return promises, while a task is made at once; its column decoder underneath is synchronous and takes the
 * bytes of a column chunk. Pages may be uncompressed or packed by Snappy, gzip, Brotli or Zstandard.
 *
 * @throws Error where `bytes` is no Parquet file, has no such column of strings, or is compressed in another way
 */
export function parquetColumn(bytes: Uint8Array, name: string): (string | undefined)[] {
  const load = createRequire(import.meta.url); // only those who read Parquet pay for the reader
  const { parquetMetadata, parquetSchema } = load('hyparquet') as typeof import('hyparquet');
  const { readColumn } = load('hyparquet/src/column.js') as typeof import('hyparquet/src/column.js');
  const { DEFAULT_PARSERS } = load('hyparquet/src/convert.js') as typeof import('hyparquet/src/convert.js');
  const { getTreePath } = load('hyparquet/src/schema.js') as typeof import('hyparquet/src/schema.js');

  const { buffer } = new Uint8Array(bytes); // a copy of its own, since a Buffer may be part of a larger one
  const metadata = parquetMetadata(buffer);
  const schema = parquetSchema(metadata);
  const known = schema.children.map((child) => child.element.name);
  if (!known.includes(name)) throw new Error(`there is no column ${name}; there are ${known.join(', ')}`);
  const schemaPath = getTreePath(schema, [name]);
  const leaf = schemaPath.at(-1);
  if (leaf === undefined || leaf.children.length > 0 || leaf.element.type !== 'BYTE_ARRAY')
    throw new Error(`column ${name} does not hold strings (it holds ${leaf?.element.type ?? 'nested values'})`);

  const values: (string | undefined)[] = [];
  for (const group of metadata.row_groups) {
    const chunk = group.columns.find((c) => c.meta_data?.path_in_schema.join('.') === name)?.meta_data;
    const rows = Number(group.num_rows);
    if (chunk === undefined) throw new Error(`a row group has no data of column ${name}`);
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset); // 0 stands for none
    const reader = { view: new DataView(buffer, start, Number(chunk.total_compressed_size)), offset: 0 };
    const rowsOfGroup = { groupStart: 0, groupRows: rows, selectStart: 0, selectEnd: rows };
    const decoder = {
      ...chunk,
      pathInSchema: [name],
      element: leaf.element,
      schemaPath,
      parsers: DEFAULT_PARSERS,
      compressors,
    };
    const read = readColumn(reader, rowsOfGroup, decoder).data.flatMap((page): unknown[] => Array.from(page));
    for (const value of read.slice(0, rows)) {
      if (typeof value !== 'string' && value !== undefined && value !== null)
        throw new Error(`column ${name} does not hold strings (row ${values.length} is of type ${typeof value})`);
      values.push(value ?? undefined);
    }
  }
  return values;
}

/** With a copy, since a Buffer of Node may be part of a larger one. */
function unpacked(by: (input: Uint8Array) => Uint8Array): (input: Uint8Array) => Uint8Array {
  return (input) => new Uint8Array(by(input));
}
