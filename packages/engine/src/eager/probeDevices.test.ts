// Devices are probed by using them: the two that every install has must be found, and each missing one says how to get it.
import { expect, test } from 'vitest';
import { tensorflowIsSetUp } from './loadTensorflow.ts';
import { probeDevices } from './probeDevices.ts';

test('every device is listed with what it is or how to get it', async () => {
  const probes = await probeDevices();
  expect(probes.map((p) => p.name)).toEqual(['onnx cpu', 'onnx webgpu', 'onnx cuda', 'tensorflow', 'cpu']);
  for (const p of probes) {
    expect(p.detail, p.name).not.toBe('');
    expect(p.howTo === '', p.name).toBe(p.usable);
  }
  const usable = Object.fromEntries(probes.map((p) => [p.name, p.usable]));
  expect(usable['onnx cpu']).toBe(true);
  expect(usable.cpu).toBe(true);
  expect(usable.tensorflow).toBe(tensorflowIsSetUp());
});
