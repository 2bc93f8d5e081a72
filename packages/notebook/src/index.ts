// @looplab/notebook: shows tables and charts in tslab, Deno and Observable notebooks.
export {};
