// `looplab doctor`: which devices this machine can compute on, each tried just now, and how to get the others.

import { columns } from '../columns.ts';
import { command } from '../command.ts';

export const doctor = command({
  words: 'doctor',
  describe: 'say which devices are usable here and how to get the others',
  options: {
    json: { type: 'boolean', default: false, describe: 'print one JSON object' },
  },
  async run({ json }) {
    const { probeDevices } = await import('@looplab/engine');
    const devices = await probeDevices();
    const node = process.version;
    if (json) {
      process.stdout.write(`${JSON.stringify({ node, platform: process.platform, arch: process.arch, devices })}\n`);
      return;
    }
    process.stdout.write(`Node ${node}, ${process.platform} ${process.arch}\n\n`);
    const rows = devices.flatMap((d) => [
      [d.usable ? 'yes' : 'no', d.name, d.detail],
      ...(d.howTo === '' ? [] : [['', '', `to get it: ${d.howTo}`]]),
    ]);
    process.stdout.write(columns(['usable', 'device', ''], rows));
  },
});
