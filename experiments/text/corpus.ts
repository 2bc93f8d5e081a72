// The largest real text that every install has: TypeScript's description of the browser, 2.3 MB of English and code.
import { createRequire } from 'node:module';

export const corpus = [createRequire(import.meta.url).resolve('typescript/lib/lib.dom.d.ts')];
