// Inter from its npm package: for measuring text, for drawing it, and for carrying it inside a file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { FiguresError } from './run.ts';
import { FONT } from './theme.ts';

// Spelled out, so that tools which look for unused packages see them.
const files = [
  { weight: 400, url: () => import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff2') },
  { weight: 600, url: () => import.meta.resolve('@fontsource/inter/files/inter-latin-600-normal.woff2') },
];

function pathOf(file: (typeof files)[number]): string {
  try {
    return fileURLToPath(file.url());
  } catch {
    throw new FiguresError('the font Inter is missing (package @fontsource/inter); install the packages again');
  }
}

/** The same fonts as WOFF: fontkit cannot take letters out of WOFF2. */
const printFiles = [
  { weight: 400, url: () => import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff') },
  { weight: 600, url: () => import.meta.resolve('@fontsource/inter/files/inter-latin-600-normal.woff') },
];

/** Inter by weight, for documents that carry only the letters they use. */
export function printFonts(): { readonly weight: number; readonly bytes: Buffer }[] {
  return printFiles.map((file) => ({ weight: file.weight, bytes: readFileSync(pathOf(file)) }));
}

/** `@font-face` rules with the bytes of these weights inside, about 32 kB each; needs nothing from outside. */
export function fontFaces(weights: readonly number[] = [400, 600]): string {
  const face = (file: (typeof files)[number]) =>
    `@font-face{font-family:${FONT};font-style:normal;font-weight:${file.weight};font-display:block;` +
    `src:url(data:font/woff2;base64,${readFileSync(pathOf(file)).toString('base64')}) format('woff2')}`;
  return files
    .filter((file) => weights.includes(file.weight))
    .map(face)
    .join('');
}

/** Width in pixels of a text in a CSS font such as `600 12px Inter`. */
export type Measure = (text: string, font: string) => number;

export interface Fonts {
  readonly measure: Measure;
  readonly canvas: typeof import('@napi-rs/canvas');
}

const require = createRequire(import.meta.url);
let loaded: Fonts | undefined;

/**
 * Loads the canvas once, when it is first needed, and teaches it Inter; a missing font is an error, never another font in its place.
 * @throws FiguresError
 */
export function loadFonts(): Fonts {
  if (loaded) return loaded;
  const canvas = require('@napi-rs/canvas') as Fonts['canvas']; // what its types say of the package
  for (const file of files) canvas.GlobalFonts.registerFromPath(pathOf(file), FONT);
  if (!canvas.GlobalFonts.has(FONT))
    throw new FiguresError('the font Inter could not be read; install the packages again');
  const context = canvas.createCanvas(1, 1).getContext('2d');
  const measure: Measure = (text, font) => {
    context.font = font;
    return context.measureText(text).width;
  };
  loaded = { measure, canvas };
  return loaded;
}
