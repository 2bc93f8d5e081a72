// The conformance suite over every launcher.

import { rayAddress, slurmMissing } from '../../test/clusters.ts';
import { launcherConformance } from '../../test/launcherConformance.ts';
import { tempDir } from '../../test/tempDir.ts';
import { local } from './local.ts';
import { ray } from './ray.ts';
import { slurm } from './slurm.ts';

launcherConformance({ name: 'local', make: () => local({ workers: 8 }), patience: 20_000 });

launcherConformance({
  name: 'slurm',
  make: () => slurm({ folder: tempDir(), pollMs: 200, minutes: 5 }),
  skip: slurmMissing(),
  patience: 60_000,
});

const { address, missing } = await rayAddress();
launcherConformance({
  name: 'ray',
  make: () => ray({ address, pollMs: 200 }),
  skip: missing,
  patience: 120_000,
});
