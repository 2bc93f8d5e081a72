// What a notebook is given to show: one content in several forms, as Jupyter's messages have it.

/** A content by mime type, the richest form first: text, or for JSON types the value itself. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** JupyterLab 4 draws Vega-Lite up to version 5; the charts of `@looplab/figures` use nothing that is newer. */
export const VEGALITE = 'application/vnd.vegalite.v5+json';
