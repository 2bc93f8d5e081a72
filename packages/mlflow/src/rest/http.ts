// One HTTP request to the server: credentials, time limit, retries with jitter, and errors in words.
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import {
  MlflowAuthError,
  type MlflowError,
  MlflowReplyError,
  MlflowRequestError,
  MlflowUnreachableError,
} from '../errors.ts';
import type { MlflowSettings } from './settings.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the server's address, or a whole address. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON; a Blob as it is. */
  readonly body?: object | Blob;
  /**
   * False for a request that must not take effect twice: it is tried again only if the server surely did not act on it.
   * Default true.
   */
  readonly repeatable?: boolean;
  /** The answer is a file, which may take as long as sending one. Default false. */
  readonly isDownload?: boolean;
}

/** How requests are sent; tests give the clock and the dice. */
export interface HttpOptions extends MlflowSettings {
  /** Aborting it ends every request, and pauses between tries. */
  readonly signal?: AbortSignal;
  readonly sleep?: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Sends a request, again where that helps, and gives the reply. */
export type Http = (request: HttpRequest) => Promise<Response>;

/** First and longest pause between two tries, in milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
/** Too many requests, or a failure that may pass; what MLflow's own client tries again on. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** With these the request was turned away before anything was done. */
const TURNED_AWAY = new Set([429, 503]);
/** The connection was never there. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * @throws MlflowUnreachableError after the last try, MlflowAuthError, MlflowRequestError, MlflowReplyError
 */
export function http(options: HttpOptions): Http {
  const { uri, retries, signal, random = Math.random } = options;
  const sleep = options.sleep ?? ((ms) => pause(ms, undefined, signal ? { signal } : {}));

  return async (request) => {
    for (let attempt = 0; ; attempt++) {
      const outcome = await once(options, request);
      if (outcome instanceof Response && outcome.ok) return outcome;
      const mayRepeat =
        request.repeatable !== false ||
        (outcome instanceof Response ? TURNED_AWAY.has(outcome.status) : outcome.isUnsent);
      const passes = outcome instanceof Response ? PASSING.has(outcome.status) : !outcome.isAborted;
      if (!passes || !mayRepeat || attempt >= retries) {
        throw outcome instanceof Response
          ? await refusal(uri, request, outcome, attempt)
          : unreachable(uri, outcome, attempt);
      }
      await outcomeBody(outcome);
      // full jitter, so that many runs that lost their server do not all come back at once
      const ceiling = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt);
      try {
        await sleep(Math.max(retryAfter(outcome), random() * ceiling));
      } catch {
        throw unreachable(uri, { reason: 'given up', isUnsent: false, isAborted: true }, attempt);
      }
    }
  };
}

/** The reply's JSON in the shape of `schema`. */
export async function json<S extends z.ZodType>(send: Http, schema: S, request: HttpRequest): Promise<z.output<S>> {
  const reply = await send(request);
  const text = await reply.text().catch((error: unknown) => {
    throw new MlflowUnreachableError(`the answer of ${reply.url} broke off: ${causeOf(error).reason}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MlflowReplyError(
      `${reply.url} answered with ${kindOf(reply, text)} where JSON was expected; is this an MLflow server? Check MLFLOW_TRACKING_URI`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? '' : `: ${issue.path.map(String).join('.') || 'the reply'}: ${issue.message}`;
  throw new MlflowReplyError(
    `${request.method} ${reply.url} answered not as MLflow does${where}; is this an MLflow server?`,
  );
}

interface Failure {
  readonly reason: string;
  /** Nothing reached the server. */
  readonly isUnsent: boolean;
  /** The caller gave up. */
  readonly isAborted: boolean;
}

async function once(options: HttpOptions, request: HttpRequest): Promise<Response | Failure> {
  const { body, method } = request;
  const isFile = body instanceof Blob;
  const limitMs = options.timeoutMs * (isFile || request.isDownload ? 10 : 1);
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await fetch(address(options.uri, request), {
      method,
      headers: {
        ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
        ...(body === undefined || isFile ? {} : { 'content-type': 'application/json' }),
      },
      signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
      // a POST that is sent elsewhere becomes a GET; better to name the right address
      redirect: 'manual',
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
    });
  } catch (error) {
    if (limit.aborted) return { reason: `no answer within ${limitMs / 1000} s`, isUnsent: false, isAborted: false };
    const { code, reason } = causeOf(error);
    return { reason, isUnsent: NOT_SENT.has(code), isAborted: options.signal?.aborted === true };
  }
}

function address(uri: string, { path, query = {} }: HttpRequest): string {
  const url = new URL(/^https?:/.test(path) ? path : `${uri}/${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url.href;
}

/** The system's reason under fetch's `fetch failed`. */
function causeOf(error: unknown): { code: string; reason: string } {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  const inner: unknown = at instanceof AggregateError ? at.errors[0] : at;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'no such host',
    EAI_AGAIN: 'the host name cannot be looked up now',
    ECONNRESET: 'the connection broke',
    UND_ERR_SOCKET: 'the connection broke',
    UND_ERR_CONNECT_TIMEOUT: 'the connection was not answered',
  };
  const reason = words[code] ?? (inner instanceof Error ? inner.message : String(inner));
  return { code, reason: code === '' ? reason : `${reason} (${code})` };
}

function unreachable(uri: string, { reason, isAborted }: Failure, attempt: number): MlflowError {
  const tries = isAborted ? '' : attempt > 0 ? ` (tried ${attempt + 1} times)` : '';
  return new MlflowUnreachableError(
    `the MLflow server at ${uri} cannot be reached: ${reason}${tries}; check MLFLOW_TRACKING_URI, or start one with: looplab mlflow ui`,
  );
}

async function refusal(uri: string, request: HttpRequest, reply: Response, attempt: number): Promise<MlflowError> {
  const text = await reply.text().catch(() => '');
  const { status } = reply;
  if (status === 401) {
    return new MlflowAuthError(
      `the MLflow server at ${uri} wants other credentials (401); set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN`,
    );
  }
  const { code, message } = errorOf(text);
  const said = message === '' ? kindOf(reply, text) : message;
  if (status === 403) return new MlflowAuthError(`the MLflow server at ${uri} does not allow this (403): ${said}`);
  if (PASSING.has(status)) {
    const tries = attempt > 0 ? ` (tried ${attempt + 1} times)` : '';
    return new MlflowUnreachableError(`the MLflow server at ${uri} fails with ${status}: ${said}${tries}`);
  }
  if (status >= 300 && status < 400) {
    return new MlflowReplyError(
      `${uri} sends requests on to ${reply.headers.get('location') ?? 'another address'}; set MLFLOW_TRACKING_URI to the server itself`,
    );
  }
  if (code === '') {
    return new MlflowReplyError(
      `${request.method} ${reply.url} answered ${status} with ${said}; is this an MLflow server? Check MLFLOW_TRACKING_URI`,
    );
  }
  return new MlflowRequestError(`MLflow refused ${request.method} ${request.path}: ${message} (${code})`, status, code);
}

/** MLflow's `{ error_code, message }`. */
function errorOf(text: string): { code: string; message: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return { code: '', message: '' };
    const field = (name: string): string => {
      const found: unknown = Reflect.get(value, name);
      return typeof found === 'string' ? found : '';
    };
    return { code: field('error_code'), message: field('message') };
  } catch {
    return { code: '', message: '' };
  }
}

/** A reply that is not JSON in a few words. */
function kindOf(reply: Response, text: string): string {
  const kind = reply.headers.get('content-type')?.split(';')[0] ?? 'no type';
  const start = text.replace(/\s+/g, ' ').trim().slice(0, 80);
  return start === '' ? `an empty answer (${kind})` : `${kind}: ${start}`;
}

/** Milliseconds the server asks to wait, at most a minute. */
function retryAfter(outcome: Response | Failure): number {
  const text = outcome instanceof Response ? outcome.headers.get('retry-after') : null;
  const seconds = text === null ? 0 : Number(text);
  return Number.isFinite(seconds) ? Math.min(60_000, Math.max(0, 1000 * seconds)) : 0;
}

/** Reads a reply that nobody wants, so that its connection can be used again. */
async function outcomeBody(outcome: Response | Failure): Promise<void> {
  if (outcome instanceof Response) await outcome.arrayBuffer().catch(() => undefined);
}
