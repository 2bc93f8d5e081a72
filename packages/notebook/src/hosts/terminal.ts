// Outside of a notebook: the text form, printed.
import type { Host } from './host.ts';

export function terminalHost(out: { log(text: string): void }): Host {
  return () => async (bundle) => out.log(String(bundle['text/plain'] ?? Object.keys(bundle).join(', ')));
}
