import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  close(): void;
}

/** A new folder below the temporary directory; `close` removes it with its content. */
export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `gatehouse-${name}-`));
  return { path, close: () => rmSync(path, { recursive: true, force: true }) };
}
