// @looplab/notebook: tables, charts and runs in tslab, Deno and Observable notebooks.
export { type BundleOptions, bundlesOf, type Showable } from './bundle.ts';
export { type DenoJupyter, denoHost, displayable } from './hosts/deno.ts';
export { type Host, hostOf, type Scope } from './hosts/host.ts';
export { terminalHost } from './hosts/terminal.ts';
export { type Tslab, tslabHost } from './hosts/tslab.ts';
export { type LiveCurvesOptions, liveCurves } from './liveCurves.ts';
export { type MimeBundle, VEGALITE } from './mimeBundle.ts';
export { NotebookError } from './notebookError.ts';
export { type ShowOptions, show } from './show.ts';
export type { TableLike } from './table.ts';
