// Where outputs go: the kernel this process is, found by what it offers.
import type { MimeBundle } from '../mimeBundle.ts';
import { type DenoJupyter, denoHost } from './deno.ts';
import { terminalHost } from './terminal.ts';
import { type Tslab, tslabHost } from './tslab.ts';

/** Opens an output. Every bundle given to what it returns takes the place of the one before. */
export type Host = () => (bundle: MimeBundle) => Promise<void>;

/** What kernels leave in the global scope: tslab what its compiled cells use, Deno its API. */
export interface Scope {
  readonly __tslab__?: { require(id: 'tslab'): Tslab };
  readonly Deno?: { readonly jupyter?: DenoJupyter };
}

/** The kernel whose scope this is; outside of one, outputs are printed as text. */
export function hostOf(scope: Scope = globalThis as Scope): Host {
  // the compiler knows of neither
  const { __tslab__: tslab, Deno } = scope;
  if (tslab) return tslabHost(tslab.require('tslab'));
  if (Deno?.jupyter) return denoHost(Deno.jupyter);
  return terminalHost(console);
}
