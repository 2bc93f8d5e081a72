// The conformance suite over every launcher.
import { launcherConformance } from '../../test/launcherConformance.ts';
import { local } from './local.ts';

launcherConformance({ name: 'local', make: () => local({ workers: 8 }), patience: 20_000 });
