// The Deno kernel: all forms of a content in one output, of which the viewer picks.
import type { MimeBundle } from '../mimeBundle.ts';
import type { Host } from './host.ts';

/** The part of `Deno.jupyter` that is used. */
export interface DenoJupyter {
  display(what: object, options: { readonly display_id: string; readonly update: boolean }): Promise<void>;
}

export function denoHost(jupyter: DenoJupyter): Host {
  return () => {
    const display_id = crypto.randomUUID();
    let update = false;
    return async (bundle) => {
      await jupyter.display(displayable(bundle), { display_id, update });
      update = true;
    };
  };
}

/** An object that Deno, and other kernels that keep its convention, display as the bundle, also as a cell's last value. */
export function displayable(bundle: MimeBundle): object {
  return { [Symbol.for('Jupyter.display')]: () => bundle };
}
