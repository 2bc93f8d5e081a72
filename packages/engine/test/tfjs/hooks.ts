// Module hooks that let Node load tfjs's unbundled `dist` files, so that tfjs's own tests and our backend share one instance of tfjs-core.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/** Absolute path of a tfjs package's `dist` folder. */
export function distOf(pkg: string): string {
  return dirname(require.resolve(pkg));
}

/** A module below tfjs-core's `dist`, once the hooks are installed; untyped, as these files are no part of its interface. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export function internal(path: string): Promise<any> {
  return import(`@tensorflow/tfjs-core/dist/${path}`);
}

/** File a specifier without extension means: itself, `x.js` or `x/index.js`. */
function completed(path: string): string {
  if (/\.[cm]?[jt]s(on)?$/.test(path)) return path;
  return [`${path}.js`, join(path, 'index.js')].find(existsSync) ?? path;
}

/**
 * Installs the hooks for this process. Call before importing anything that imports tfjs.
 *
 * The published tests import the internals of tfjs-core (`../engine`, `../jasmine_util`), which its CommonJS bundle
 * does not export. So `@tensorflow/tfjs-core` and the other packages given are mapped to `dist/index.js`, whose files are ES modules in
 * syntax (though not declared as such) with specifiers that lack an extension.
 */
export function installHooks(packages: readonly string[]): void {
  const dists = packages.map((pkg) => ({ pkg, dist: distOf(pkg) }));
  const inDist = (url: string) => url.startsWith('file:') && dists.some((d) => fileURLToPath(url).startsWith(d.dist));
  registerHooks({
    resolve(specifier, context, nextResolve) {
      for (const { pkg, dist } of dists) {
        if (specifier === pkg) return { url: pathToFileURL(join(dist, 'index.js')).href, shortCircuit: true };
        if (specifier.startsWith(`${pkg}/dist/`)) {
          return {
            url: pathToFileURL(completed(join(dist, specifier.slice(pkg.length + 6)))).href,
            shortCircuit: true,
          };
        }
      }
      const parent = context.parentURL;
      if (specifier.startsWith('.') && parent !== undefined && inDist(parent)) {
        return {
          url: pathToFileURL(completed(join(dirname(fileURLToPath(parent)), specifier))).href,
          shortCircuit: true,
        };
      }
      return nextResolve(specifier, context);
    },
    load(url, context, nextLoad) {
      if (!inDist(url)) return nextLoad(url, context);
      const text = readFileSync(fileURLToPath(url), 'utf8');
      // A few of these modules call `require` (for jasmine-core and Node's own modules), which ES modules lack.
      const prelude =
        text.includes('require(') || text.includes('require.')
          ? `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(import.meta.url)});`
          : '';
      // Bundlers give `import * as f` of a CommonJS function its properties; Node gives only `default`.
      const source = text.replace("import * as seedrandom from 'seedrandom'", "import seedrandom from 'seedrandom'");
      return { format: 'module', source: prelude + source, shortCircuit: true };
    },
  });
}
