// The browser builds of Vega, Vega-Lite and vega-embed, from their npm packages.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FiguresError } from '../run.ts';

export interface Library {
  readonly name: string;
  readonly main: () => string;
}

// They lie beside the main file of each package.
export const libraries: readonly Library[] = [
  { name: 'vega', main: () => import.meta.resolve('vega') },
  { name: 'vega-lite', main: () => import.meta.resolve('vega-lite') },
  { name: 'vega-embed', main: () => import.meta.resolve('vega-embed') },
];

/** Plain browser JavaScript that needs nothing else. */
export function sourceOf({ name, main }: Library): string {
  try {
    const path = join(dirname(fileURLToPath(main())), `${name}.min.js`);
    return readFileSync(path, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');
  } catch {
    throw new FiguresError(`the browser build of ${name} is missing; install the packages again`);
  }
}
