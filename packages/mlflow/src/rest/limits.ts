// What the server takes in one request, and how a long list is cut to fit.

/** Limits of MLflow 2.14 and later (its utils/validation.py); a request over them is refused as a whole. */
export const limits = {
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  /** Bytes of a batch's JSON. */
  batchBytes: 1_000_000,
  keyLength: 250,
  paramLength: 6000,
  /** 8000 in current servers, 5000 in 2.14. */
  tagLength: 5000,
} as const;

/** A metric as it goes over the wire: JSON has no NaN, so those values are names. */
export interface WireMetric {
  readonly key: string;
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity';
  readonly timestamp: number;
  readonly step: number;
}

interface WirePair {
  readonly key: string;
  readonly value: string;
}

/** One log-batch request. */
export interface Batch {
  readonly params: readonly WirePair[];
  readonly metrics: readonly WireMetric[];
  readonly tags: readonly WirePair[];
}

/**
 * Cuts what is to be logged into batches within the limits, in order: parameters, metrics, then tags. So a tag of the last
 * batch is there only once everything before it is.
 */
export function batches({ params, metrics, tags }: Batch): Batch[] {
  const done: Batch[] = [];
  const empty = (): OpenBatch => ({ params: [], metrics: [], tags: [] });
  let open = empty();
  let count = 0;
  let bytes = OVERHEAD;
  const close = (): void => {
    if (count > 0) done.push(open);
    open = empty();
    count = 0;
    bytes = OVERHEAD;
  };
  const put = <T extends object>(entry: T, listOf: (batch: OpenBatch) => T[], most: number): void => {
    const size = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const isFull = listOf(open).length >= most || count >= limits.entitiesPerBatch || bytes + size > limits.batchBytes;
    if (isFull) close();
    listOf(open).push(entry);
    count++;
    bytes += size;
  };
  for (const entry of params) put(entry, (batch) => batch.params, limits.paramsPerBatch);
  for (const entry of metrics) put(entry, (batch) => batch.metrics, limits.metricsPerBatch);
  for (const entry of tags) put(entry, (batch) => batch.tags, limits.tagsPerBatch);
  close();
  return done;
}

interface OpenBatch {
  readonly params: WirePair[];
  readonly metrics: WireMetric[];
  readonly tags: WirePair[];
}

/** Bytes of a batch beside its entries: the run id and the names of the lists. */
const OVERHEAD = 500;

/**
 * A key that every server takes: letters, digits, `_ - . / ` and blank; no empty, `.` or `..` part between slashes; at most
 * 250 characters. Anything else becomes `_`.
 */
export function safeKey(key: string): string {
  const clean = key.replace(/[^\p{L}\p{N}_\-. /]/gu, '_');
  const short = [...clean].slice(0, limits.keyLength).join('');
  const parts = short.split('/').filter((part) => part !== '');
  return parts.map((part) => (part === '.' || part === '..' ? '_' : part)).join('/') || '_';
}

/** A value's name on the wire. */
export function wireNumber(value: number): WireMetric['value'] {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
