// The tslab kernel: one form of a content an output, the richest.
import type { MimeBundle } from '../mimeBundle.ts';
import type { Host } from './host.ts';

/** The part of the module `tslab` that is used. */
export interface Tslab {
  newDisplay(): {
    /** Typed as text or bytes, but a JSON type wants the value itself: text would be sent as a JSON string. */
    raw(mime: string, data: unknown): void;
  };
}

export function tslabHost(tslab: Tslab): Host {
  return () => {
    const display = tslab.newDisplay();
    return async (bundle: MimeBundle) => {
      const [richest] = Object.entries(bundle);
      if (richest) display.raw(...richest);
    };
  };
}
