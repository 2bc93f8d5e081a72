// Folders for a test file, removed when its tests are over.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'looplab-sweep-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

/** A new, empty folder. */
export function tempDir(): string {
  return mkdtempSync(join(root, 'test-'));
}
