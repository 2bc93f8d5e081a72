// What `looplab doctor` says about devices: each is tried, not guessed.
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkAddon } from './checkAddon.ts';
import { tensorflowIsSetUp } from './loadTensorflow.ts';
import { runCommand } from './runCommand.ts';
import {
  addonFile,
  type InstalledPackage,
  installedPackage,
  linkAddon,
  readInstallation,
  SETUP_COMMAND,
} from './tensorflowHome.ts';

export interface DeviceProbe {
  readonly name: 'onnx cpu' | 'onnx webgpu' | 'onnx cuda' | 'tensorflow' | 'cpu';
  /** Whether a matrix product came out right on it just now. */
  readonly usable: boolean;
  /** What it is, or why it cannot be used. */
  readonly detail: string;
  /** How to get it; empty when usable. */
  readonly howTo: string;
}

const PROVIDERS = {
  'onnx cpu': {
    provider: 'cpu',
    howTo: 'reinstall onnxruntime-node; it has binaries for Linux, macOS and Windows on x64 and arm64',
  },
  'onnx webgpu': {
    provider: 'webgpu',
    howTo: 'needs a GPU and its driver: Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows',
  },
  'onnx cuda': {
    provider: 'cuda',
    howTo:
      'needs an NVIDIA GPU, CUDA 12 and cuDNN 9 on Linux x64, and onnxruntime-node installed with its install script allowed',
  },
} as const;

/** Tries every device in a process of its own, so that a driver that crashes is a finding and not the end. Takes 1 to 3 s. */
export async function probeDevices(): Promise<readonly DeviceProbe[]> {
  const names = Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[];
  const [onnx, tensorflow] = await Promise.all([Promise.all(names.map(probeOnnx)), probeTensorflow()]);
  const cpu = {
    name: 'cpu',
    usable: true,
    detail: "TensorFlow.js's reference in JavaScript, very slow",
    howTo: '',
  } as const;
  return [...onnx, tensorflow, cpu];
}

async function probeOnnx(name: keyof typeof PROVIDERS): Promise<DeviceProbe> {
  const { provider, howTo } = PROVIDERS[name];
  let version: string;
  try {
    version = (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
  } catch {
    return { name, usable: false, detail: 'onnxruntime-node is not installed', howTo: 'install the workspace again' };
  }
  const child = await runCommand(
    process.execPath,
    [fileURLToPath(new URL('./probeProvider.ts', import.meta.url)), provider],
    {
      env: { NODE_OPTIONS: '' },
      timeout: 60_000,
    },
  );
  if (child.code === 0 && child.stdout.trim() === '7,10,15,22') {
    const place = provider === 'cpu' ? `, ${availableParallelism()} threads, ${cpus()[0]?.model.trim() ?? arch()}` : '';
    return { name, usable: true, detail: `ONNX Runtime ${version}${place}`, howTo: '' };
  }
  return { name, usable: false, detail: reason(child.stderr) || `it gave ${child.stdout.trim() || 'nothing'}`, howTo };
}

/** The sentence that says what went wrong in what a dying Node process printed. */
function reason(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.find((line) => line !== '') ?? '';
  const message = error.replace(/^\w*Error\b[^:]*: /, '');
  // ONNX Runtime puts the place in its C++ sources and the failed condition first
  return message.replace(/^\/onnxruntime_src\/.* was false\. /, '').slice(0, 200);
}

async function probeTensorflow(): Promise<DeviceProbe> {
  const name = 'tensorflow';
  const pkg = installedPackage();
  if (!pkg) {
    return {
      name,
      usable: false,
      detail: '@tensorflow/tfjs-node-gpu is not installed (an optional dependency)',
      howTo: `install the workspace with optional dependencies, then ${SETUP_COMMAND}`,
    };
  }
  if (!tensorflowIsSetUp()) return { name, usable: false, detail: 'not set up', howTo: SETUP_COMMAND };
  return probeAddon(pkg);
}

async function probeAddon(pkg: InstalledPackage): Promise<DeviceProbe> {
  linkAddon(pkg);
  const check = await checkAddon(addonFile(pkg.dir, pkg.napi));
  if (!check.ok) {
    return { name: 'tensorflow', usable: false, detail: check.reason, howTo: `${SETUP_COMMAND} --force` };
  }
  const origin = readInstallation()?.source === 'wheel' ? "addon built against pip's TensorFlow" : 'official binaries';
  const detail = `TensorFlow ${check.tensorflow} on the ${check.gpu ? 'GPU' : 'CPU'} (${origin}, ${platform()} ${arch()})`;
  return { name: 'tensorflow', usable: true, detail, howTo: '' };
}
