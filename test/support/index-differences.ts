import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * Appends a paragraph to the index of a flat repository and publishes the difference, as repositories with
 * `Packages.diff/` do (wiki.debian.org/DebianRepository/Format, "diffs").
 */
export function appendWithDifference(served: string, paragraph: string): void {
  const before = readFileSync(join(served, 'Packages'), 'utf8');
  const added = `\n${paragraph}`;
  const after = before + added;
  const lines = before.split('\n').length - 1;
  const patch = `${lines}a\n${added}.\n`;
  const name = '2026-01-02-0000.00';
  const compressed = gzipSync(patch);
  const described = (bytes: string | Buffer): string =>
    `${hash('sha256', bytes)} ${Buffer.byteLength(bytes)}`;
  const index = `SHA256-Current: ${described(after)}
SHA256-History:
 ${described(before)} ${name}
SHA256-Patches:
 ${described(patch)} ${name}
SHA256-Download:
 ${described(compressed)} ${name}.gz
`;
  mkdirSync(join(served, 'Packages.diff'));
  writeFileSync(join(served, `Packages.diff/${name}.gz`), compressed);
  writeFileSync(join(served, 'Packages.diff/Index'), index);
  writeFileSync(join(served, 'Packages'), after);
  writeFileSync(
    join(served, 'Release'),
    `Suite: ./\nDate: Fri, 02 Jan 2026 00:00:00 UTC\nSHA256:\n ${described(after)} Packages\n ${described(index)} Packages.diff/Index\n`,
  );
}
