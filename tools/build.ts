// `node tools/build.ts`: compiles every package into packages/<name>/dist, which is published and gives notebooks their types.
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { root, runCommand } from './runners.ts';

/** Sources of a package that only its tests need. */
const ofTests = /\.test[.-]|(^|[\\/])(fixtures|testing)[\\/]/;

/** Declarations come from `tsc -b`, which keeps them in .cache/types; JavaScript from one file at a time, without types. */
async function build(): Promise<void> {
  const { code } = await runCommand('tsc', ['-b', '--pretty', 'false', ...packagesOf('tsconfig.json').map(dirname)]);
  for (const path of packagesOf('package.json')) buildPackage(dirname(path));
  if (code !== 0) {
    console.error('dist is written, but not fit to be published: the packages have type errors (see above)');
    process.exitCode = 1;
  }
}

function packagesOf(file: string): string[] {
  return globSync(`packages/*/${file}`, { cwd: root }).sort();
}

function buildPackage(folder: string): void {
  const [from, to, types] = [join(root, folder, 'src'), join(root, folder, 'dist'), typesOf(folder)];
  const sources = globSync('**/*.ts', { cwd: from }).filter((file) => !ofTests.test(file));
  const wanted = new Set<string>();
  const put = (name: string, input: string, write: (output: string) => void): void => {
    const output = join(to, name);
    wanted.add(output);
    if (existsSync(output) && statSync(output).mtimeMs >= statSync(input).mtimeMs) return;
    mkdirSync(dirname(output), { recursive: true });
    write(output);
  };
  for (const file of sources) {
    const input = join(from, file);
    put(file.replace(/\.ts$/, '.js'), input, (output) => writeFileSync(output, javascript(input)));
    const declaration = file.replace(/\.ts$/, '.d.ts');
    const typed = join(types, 'src', declaration);
    // a file made since the types were checked has none
    if (existsSync(typed)) put(declaration, typed, (output) => copyFileSync(typed, output));
  }
  for (const old of globSync('**/*.{js,d.ts}', { cwd: to }).map((file) => join(to, file)))
    if (!wanted.has(old)) rmSync(old); // its source is gone
}

/** Where `tsc -b` puts the declarations of the package in `folder`. */
function typesOf(folder: string): string {
  const { config } = ts.readConfigFile(join(root, folder, 'tsconfig.json'), ts.sys.readFile);
  const { outDir } = (config as { compilerOptions: { outDir: string } }).compilerOptions; // every package sets it
  return join(root, folder, outDir);
}

function javascript(path: string): string {
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { fileName: path, compilerOptions: options });
  // files that are started by their address rather than imported
  return outputText.replace(/new URL\('(\.[^']*)\.ts', import\.meta\.url\)/g, "new URL('$1.js', import.meta.url)");
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

await build();
