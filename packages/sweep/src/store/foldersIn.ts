// The folders right under a folder.
import { readdirSync } from 'node:fs';

/** Their names, sorted; none if it cannot be read. */
export function foldersIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch {
    return [];
  }
}
