// Where the server is and how to speak to it, from MLflow's own environment variables.
import { MlflowSettingsError } from '../errors.ts';

/** What a client needs to know. */
export interface MlflowSettings {
  /** Address of the server without a slash at its end; a path in it is kept. */
  readonly uri: string;
  /** Value of the Authorization header. */
  readonly authorization?: string;
  /** How long one request may take, in milliseconds; uploads and downloads get ten times that. */
  readonly timeoutMs: number;
  /** How often a request is tried again. */
  readonly retries: number;
}

/** Seconds one request may take unless MLFLOW_HTTP_REQUEST_TIMEOUT says otherwise. */
const TIMEOUT_S = 30;
/** Tries after the first unless MLFLOW_HTTP_REQUEST_MAX_RETRIES says otherwise; with the pauses between them about 10 s. */
const RETRIES = 5;

/**
 * Reads MLFLOW_TRACKING_URI, _USERNAME, _PASSWORD, _TOKEN, MLFLOW_HTTP_REQUEST_TIMEOUT (seconds) and _MAX_RETRIES. As in
 * MLflow's own client a user name goes before a token. Credentials may also stand in the address.
 * @param uri an address to use instead of MLFLOW_TRACKING_URI
 * @returns undefined if no address is given
 * @throws MlflowSettingsError
 */
export function settingsFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  uri: string | undefined = env.MLFLOW_TRACKING_URI,
): MlflowSettings | undefined {
  if (uri === undefined || uri.trim() === '') return undefined;
  const { address, user, password } = parseAddress(uri.trim());
  const { MLFLOW_TRACKING_USERNAME: name = user, MLFLOW_TRACKING_PASSWORD: secret = password } = env;
  const token = env.MLFLOW_TRACKING_TOKEN;
  const basic = name && secret ? `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` : undefined;
  const authorization = basic ?? (token ? `Bearer ${token}` : undefined);
  return {
    uri: address,
    ...(authorization === undefined ? {} : { authorization }),
    timeoutMs: 1000 * number(env, 'MLFLOW_HTTP_REQUEST_TIMEOUT', TIMEOUT_S, 1),
    retries: number(env, 'MLFLOW_HTTP_REQUEST_MAX_RETRIES', RETRIES, 0),
  };
}

function parseAddress(uri: string): { address: string; user: string | undefined; password: string | undefined } {
  const expected = 'set MLFLOW_TRACKING_URI to the address of a server, such as http://127.0.0.1:5000';
  const url = URL.parse(uri);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const isStore = /^(sqlite|mysql|postgresql|mssql|file|databricks|uc|\/|\.)/.test(uri);
    const why = isStore ? 'is not the address of an MLflow server' : 'is not an http or https address';
    throw new MlflowSettingsError(`MLflow address ${uri} ${why}; ${expected}, or start one with: looplab mlflow ui`);
  }
  const part = (text: string): string | undefined => (text === '' ? undefined : decodeURIComponent(text));
  const address = `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  return { address, user: part(url.username), password: part(url.password) };
}

function number(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  fallback: number,
  least: number,
): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new MlflowSettingsError(`${name} must be a whole number >= ${least} (got ${text})`);
  }
  return value;
}
