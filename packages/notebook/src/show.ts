// `show`: the one function of a notebook.
import { type BundleOptions, bundlesOf, type Showable } from './bundle.ts';
import { type Host, hostOf } from './hosts/host.ts';

export interface ShowOptions extends BundleOptions {
  /** Where to show it; default the kernel that runs the notebook. */
  readonly host?: Host;
}

/**
 * Displays a chart as a picture, a table or rows as a table, runs as both. In tslab and Deno it becomes an output of the cell,
 * elsewhere it is printed as text.
 * @throws NotebookError for anything else, FiguresError for a chart that cannot be drawn
 *
 * @example
 * await show(readRuns('../results/quickstart'));
 */
export async function show(what: Showable, { host = hostOf(), ...options }: ShowOptions = {}): Promise<void> {
  for (const bundle of await bundlesOf(what, options)) await host()(bundle);
}
