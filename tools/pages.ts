// `node tools/pages.ts`: builds the pages among the notebooks (Observable Notebook Kit) into .cache/notebooks/pages, without a network.
import { existsSync, globSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './runners.ts';

const notebooks = join(root, 'notebooks');
const installed = join(root, '.cache', 'jupyter', 'node_modules');
const kit = join(installed, '@observablehq', 'notebook-kit', 'dist', 'src', 'vite', 'index.js');
const vite = join(installed, 'vite', 'dist', 'node', 'index.js');

/** What is used of Vite and of the kit, which are installed apart from the workspace. */
interface Vite {
  build(config: object): Promise<unknown>;
}
interface Kit {
  config(): { resolve: { alias: object[] } };
  observable(): object;
}

if (!existsSync(kit)) {
  console.error('Observable Notebook Kit is not set up; run tools/setup-jupyter.sh');
  process.exit(1);
}
const load = async (path: string): Promise<unknown> => import(pathToFileURL(path).href);
const { build } = (await load(vite)) as Vite;
const { config, observable } = (await load(kit)) as Kit;

// Cells of Node are started as `node`, allowed to read the notebooks' folder: they shall be Node 24, load our packages and draw.
process.env.PATH = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
process.env.NODE_OPTIONS = '--allow-fs-read=* --allow-addons --disable-warning=SecurityWarning';
// The kit keeps what cells of Node printed, whatever the files that they read say since.
rmSync(join(notebooks, '.observable'), { recursive: true, force: true });

const base = config();
// The themes' fonts are packages of the kit's, not of the workspace.
const fonts = { find: /^@fontsource-variable\//, replacement: `${join(installed, '@fontsource-variable')}/` };
await build({
  ...base,
  resolve: { ...base.resolve, alias: [...base.resolve.alias, fonts] },
  plugins: [observable()],
  root: notebooks,
  logLevel: 'warn',
  build: {
    outDir: join(root, '.cache', 'notebooks', 'pages'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 4000,
    rollupOptions: { input: globSync('*.html', { cwd: notebooks }).map((name) => join(notebooks, name)) },
  },
});
rmSync(join(notebooks, '.observable'), { recursive: true, force: true });
