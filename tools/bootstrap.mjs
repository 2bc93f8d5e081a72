// Sets the checkout up with nothing but Node >= 18 and npm, then runs a command under the Node 24 that npm delivered.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.looplab-setup');
const windows = process.platform === 'win32';

const commands = {
  setup: undefined,
  looplab: 'packages/cli/src/main.ts',
  test: 'tools/test.ts',
  check: 'tools/check.ts',
};

/** What an installed node_modules must match: the pinned packages, how pnpm treats them, and this kind of machine. */
function wantedStamp() {
  const hash = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)));
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`;
}

function installedStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : '';
}

/** Settings that say how to reach the registry; npm hands every other one of its own to the scripts it runs, too. */
const networkSetting =
  /^npm_config_(registry|.*registry|\/\/.*|cache|userconfig|globalconfig|proxy|https?_proxy|noproxy|ca|cafile|cert|key|strict_ssl|fetch_.*|maxsockets|offline|prefer_offline)$/i;

/** The environment of the inner install: what the outer npm was told to do must not steer it. */
function installEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^npm_/i.test(name) && !networkSetting.test(name)) delete env[name];
  return { ...env, CI: 'true', npm_config_yes: 'true', npm_config_loglevel: 'error' };
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function setUp() {
  const started = Date.now();
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stderr.write(
    `Setting up LoopLab: ${packageManager}, Node 24 and the pinned packages, all from the npm registry.\n`,
  );
  // npx keeps pnpm in npm's cache, so a second checkout does not download it again
  const pnpm = spawnSync('npx', ['-y', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    env: installEnvironment(),
    stdio: ['ignore', 2, 2],
    shell: windows,
  });
  if (pnpm.error)
    fail(
      `Set-up failed: npx could not be started (${pnpm.error.message}). npm, which comes with Node.js, must be on the PATH.`,
    );
  if (pnpm.status !== 0) {
    fail(
      'Set-up failed: the packages could not be installed (see the lines above).\n' +
        'It needs to reach the npm registry (npm ping); behind a proxy or mirror, set npm_config_registry or HTTPS_PROXY, then run the same command again.',
    );
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, wantedStamp());
  process.stderr.write(`Set-up done in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

function main() {
  const [name = 'setup', ...args] = process.argv.slice(2);
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 18) fail(`LoopLab needs Node.js 18 or newer to set itself up (this is ${process.version}).`);
  if (!(name in commands)) fail(`bootstrap: unknown command '${name}' (have ${Object.keys(commands).join(', ')})`);

  if (installedStamp() !== wantedStamp()) setUp();

  const script = commands[name];
  if (!script) return;
  const bin = join(modules, '.bin');
  const env = { ...process.env, PATH: bin + delimiter + (process.env.PATH ?? '') };
  const child = spawn(join(bin, windows ? 'node.exe' : 'node'), [join(root, script), ...args], {
    env,
    stdio: 'inherit',
  });
  // a terminal's Ctrl-C reaches the child as well; without a terminal this process is the only one told
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) =>
    fail(
      `Could not start Node 24 from node_modules (${error.message}). Delete node_modules and run the command again.`,
    ),
  );
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}

main();
