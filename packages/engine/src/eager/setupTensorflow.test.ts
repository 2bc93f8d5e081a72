// Setting TensorFlow up: what is tried in which order, what a failure leaves behind, what it tells the user.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fetchOfficial, officialUrls } from './officialBinaries.ts';
import { setupTensorflow } from './setupTensorflow.ts';
import { addonFile, installedPackage, linkAddon, readInstallation, TFJS_NODE } from './tensorflowHome.ts';

let dir = '';
let server: Server | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'looplab-setup-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Serves files by path; a missing one is a 404, a path in `silent` never answers. */
async function serve(files: Readonly<Record<string, Buffer>>, silent: readonly string[] = []): Promise<string> {
  server = createServer((request, response) => {
    const path = request.url ?? '';
    if (silent.includes(path)) return;
    const body = files[path];
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function tarball(files: Readonly<Record<string, string>>): Buffer {
  const root = mkdtempSync(join(dir, 'tar-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return execFileSync('tar', ['-czf', '-', '-C', root, ...Object.keys(files)]);
}

const pkg = installedPackage();

test('the named package is installed, with the newest Node-API it knows', () => {
  expect(pkg?.version).toBe('4.22.0');
  expect(pkg?.napi).toBe(8);
  expect(existsSync(join(pkg?.dir ?? '', 'binding', 'tfjs_backend.cc'))).toBe(true);
});

const linux = process.platform === 'linux' && process.arch === 'x64';

test.runIf(linux)('official binaries are unpacked into the layout the published addon expects', async () => {
  if (!pkg) throw new Error(`${TFJS_NODE} is not installed`);
  const urls = officialUrls(pkg, { variant: 'cpu', host: 'http://host' });
  expect(urls?.addon).toBe('http://host/tf-builds/pre-built-binary/napi-v8/4.22.0/CPU-linux-4.22.0.tar.gz');
  const host = await serve({
    [new URL(urls?.addon ?? '').pathname]: tarball({ 'napi-v8/tfjs_binding.node': 'addon' }),
    [new URL(urls?.library ?? '').pathname]: tarball({ 'lib/libtensorflow.so.2': 'library' }),
  });
  const addon = await fetchOfficial(dir, pkg, { variant: 'cpu', host });
  expect(readFileSync(addon, 'utf8')).toBe('addon');
  expect(readFileSync(join(dir, 'deps/lib/libtensorflow.so.2'), 'utf8')).toBe('library');
});

test.runIf(linux)('a server that is missing, silent or damaged is named with its reason', async () => {
  if (!pkg) throw new Error(`${TFJS_NODE} is not installed`);
  const path = new URL(officialUrls(pkg, { variant: 'cpu', host: 'http://host' })?.addon ?? '').pathname;
  const missing = await serve({});
  await expect(fetchOfficial(dir, pkg, { variant: 'cpu', host: missing })).rejects.toThrow(
    `${missing}${path}: HTTP 404`,
  );
  server?.close();
  const silent = await serve({}, [path]);
  await expect(fetchOfficial(dir, pkg, { variant: 'cpu', host: silent, answerTimeout: 50 })).rejects.toThrow(
    'no answer',
  );
  server?.closeAllConnections();
  const damaged = await serve({ [path]: Buffer.from('not an archive') });
  await expect(fetchOfficial(dir, pkg, { variant: 'cpu', host: damaged })).rejects.toThrow('damaged archive');
});

test.runIf(linux)('without a compiler or Python it says so, and leaves nothing behind', async () => {
  const host = await serve({});
  vi.stubEnv('LOOPLAB_PYTHON', join(dir, 'no-python'));
  vi.stubEnv('CXX', join(dir, 'no-compiler'));
  const home = join(dir, 'cache', 'tensorflow');
  const lines: string[] = [];
  const attempt = setupTensorflow({ home, host, log: (line) => lines.push(line) });
  await expect(attempt).rejects.toMatchObject({ name: 'TensorflowSetupError' });
  await expect(attempt).rejects.toThrow(/python3 with pip .*no-python.* and a C\+\+ compiler .*no-compiler/);
  expect(lines.join('\n')).toContain('no official binaries: ');
  expect(readdirSync(join(dir, 'cache'))).toEqual([]);
});

test.runIf(linux)('a failed set-up keeps the previous one and removes what a killed one left', async () => {
  const host = await serve({});
  const home = join(dir, 'tensorflow');
  mkdirSync(home);
  writeFileSync(join(home, 'mine'), 'kept');
  // process ids end below 2^22
  mkdirSync(`${home}.tmp-99999999`);
  const python = join(dir, 'python');
  // a pip that knows its version and installs nothing
  writeFileSync(
    python,
    '#!/bin/sh\ncase "$*" in *--version*) exit 0;; esac\necho "No matching distribution" >&2\nexit 1\n',
  );
  chmodSync(python, 0o755);
  vi.stubEnv('LOOPLAB_PYTHON', python);
  vi.stubEnv('CXX', '/bin/true');
  await expect(setupTensorflow({ home, host })).rejects.toThrow(/pip could not install tensorflow-cpu:\nNo matching/);
  expect(readFileSync(join(home, 'mine'), 'utf8')).toBe('kept');
  expect(readdirSync(dir).filter((name) => name.startsWith('tensorflow'))).toEqual(['tensorflow']);
});

test.runIf(linux)('an interruption stops what runs and leaves nothing behind', async () => {
  const host = await serve({});
  const python = join(dir, 'python');
  writeFileSync(python, '#!/bin/sh\ncase "$*" in *--version*) exit 0;; esac\nexec sleep 60\n');
  chmodSync(python, 0o755);
  vi.stubEnv('LOOPLAB_PYTHON', python);
  vi.stubEnv('CXX', '/bin/true');
  const home = join(dir, 'cache', 'tensorflow');
  const interrupt = (line: string) => {
    // the listener of the set-up, as if the signal had come; a real one would reach the test runner too
    if (line.startsWith('installing')) setTimeout(() => process.listeners('SIGINT').at(-1)?.('SIGINT'), 50);
  };
  await expect(setupTensorflow({ home, host, log: interrupt })).rejects.toThrow('interrupted');
  expect(readdirSync(join(dir, 'cache'))).toEqual([]);
});

test('a set-up record that is damaged counts as none', () => {
  expect(readInstallation(dir)).toBeNull();
  writeFileSync(join(dir, 'ready.json'), '{"variant":"cpu"');
  expect(readInstallation(dir)).toBeNull();
  writeFileSync(
    join(dir, 'ready.json'),
    '{"variant":"tpu","source":"wheel","tensorflow":"2","package":"4","gpuSeen":true}',
  );
  expect(readInstallation(dir)).toBeNull();
});

test('the package is linked to the addon, again after it moved, and an own addon of the package is left alone', () => {
  const fake = { dir: join(dir, 'package'), version: '4.22.0', napi: 8 };
  for (const name of ['one', 'two']) {
    const home = join(dir, name);
    mkdirSync(join(home, 'lib', 'napi-v8'), { recursive: true });
    writeFileSync(addonFile(home, 8), name);
    linkAddon(fake, home);
    linkAddon(fake, home);
    expect(readFileSync(addonFile(fake.dir, 8), 'utf8')).toBe(name);
  }
  rmSync(join(fake.dir, 'lib', 'napi-v8'));
  mkdirSync(join(fake.dir, 'lib', 'napi-v8'));
  writeFileSync(addonFile(fake.dir, 8), 'own');
  linkAddon(fake, join(dir, 'two'));
  expect(readFileSync(addonFile(fake.dir, 8), 'utf8')).toBe('own');
});
