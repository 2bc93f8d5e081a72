// The MLFLOW_* variables: where to, as whom, how long.
import { expect, it } from 'vitest';
import { MlflowSettingsError } from '../errors.ts';
import { settingsFromEnvironment } from './settings.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

it('without an address there is no server', () => {
  expect(settingsFromEnvironment({})).toBeUndefined();
  expect(settingsFromEnvironment({ MLFLOW_TRACKING_URI: ' ' })).toBeUndefined();
});

it('has defaults', () => {
  expect(settingsFromEnvironment({ MLFLOW_TRACKING_URI: 'http://host:5000/' })).toEqual({
    uri: 'http://host:5000',
    timeoutMs: 30_000,
    retries: 5,
  });
});

it('keeps the path of the address, and takes another address where one is given', () => {
  const env = { MLFLOW_TRACKING_URI: 'https://host/team/mlflow/' };
  expect(settingsFromEnvironment(env)?.uri).toBe('https://host/team/mlflow');
  expect(settingsFromEnvironment(env, 'http://other')?.uri).toBe('http://other');
});

it.each([
  [{ MLFLOW_TRACKING_USERNAME: 'ü', MLFLOW_TRACKING_PASSWORD: 'p:w' }, basic('ü:p:w')],
  [{ MLFLOW_TRACKING_TOKEN: 't' }, 'Bearer t'],
  // as in MLflow's own client
  [{ MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p' }, basic('u:p')],
  [{ MLFLOW_TRACKING_USERNAME: 'u' }, undefined],
  [{ MLFLOW_TRACKING_URI: 'http://me:p%40w@host' }, basic('me:p@w')],
])('%j', (env, authorization) => {
  const settings = settingsFromEnvironment({ MLFLOW_TRACKING_URI: 'http://host', ...env });
  expect(settings?.authorization).toBe(authorization);
  expect(settings?.uri).toBe('http://host');
});

it('reads time limit and tries', () => {
  const env = {
    MLFLOW_TRACKING_URI: 'http://h',
    MLFLOW_HTTP_REQUEST_TIMEOUT: '5',
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
  };
  expect(settingsFromEnvironment(env)).toMatchObject({ timeoutMs: 5000, retries: 0 });
});

it.each([
  [
    { MLFLOW_TRACKING_URI: 'sqlite:///mlflow.db' },
    /sqlite:\/\/\/mlflow.db is not the address of an MLflow server; set/,
  ],
  [{ MLFLOW_TRACKING_URI: './mlruns' }, /is not the address of an MLflow server/],
  [
    { MLFLOW_TRACKING_URI: 'localhost:5000' },
    /is not an http or https address; set MLFLOW_TRACKING_URI to .*5000, or start/,
  ],
  [
    { MLFLOW_TRACKING_URI: 'http://h', MLFLOW_HTTP_REQUEST_TIMEOUT: 'soon' },
    /TIMEOUT must be a whole number >= 1 \(got soon\)/,
  ],
  [{ MLFLOW_TRACKING_URI: 'http://h', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '-1' }, /RETRIES must be a whole number >= 0/],
])('refuses %j', (env, message) => {
  const read = () => settingsFromEnvironment(env);
  expect(read).toThrow(MlflowSettingsError);
  expect(read).toThrow(message);
});
