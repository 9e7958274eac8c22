import { hash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { controlFile } from './deb-archive.ts';
import { succeed } from './run.ts';
import { findTool, type Tool } from './tools.ts';

/** Programs that create packages and a signed repository. */
export const DEBIAN_TOOLS = [
  'dpkg-deb',
  'gpg',
  'gpgconf',
  'gpgv',
  'reprepro',
] as const satisfies readonly Tool[];

export type DebCompression = 'gzip' | 'none' | 'xz' | 'zstd';

const program = (tool: Tool): string => findTool(tool) ?? tool;

/** A package of dpkg-deb in this folder; returns its file. */
export async function buildDeb(
  folder: string,
  name: string,
  compression: DebCompression = 'xz',
): Promise<string> {
  const root = join(folder, `build-${name}`);
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  writeFileSync(join(root, 'DEBIAN/control'), controlFile(name));
  const file = join(folder, `${name}_1.0_all.deb`);
  await succeed(program('dpkg-deb'), [`-Z${compression}`, '--root-owner-group', '--build', root, file]);
  return file;
}

/** Creates the signed suite `stable` with these packages in `served`; returns the file of the public key. */
export async function createDebianRepository(
  folder: string,
  served: string,
  packages: readonly string[],
): Promise<string> {
  const home = join(folder, 'gnupg');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: home };
  const signer = 'acme@example.com';
  const batch = ['--batch', '--pinentry-mode', 'loopback', '--passphrase', ''];
  await succeed(program('gpg'), [...batch, '--quick-generate-key', signer, 'rsa2048', 'sign', 'never'], env);
  const key = join(folder, 'acme.gpg');
  await succeed(program('gpg'), ['--batch', '--output', key, '--export', signer], env);
  mkdirSync(join(folder, 'conf'), { recursive: true });
  writeFileSync(
    join(folder, 'conf/distributions'),
    `Codename: stable\nComponents: main\nArchitectures: amd64\nSignWith: ${signer}\n`,
  );
  const options = ['--basedir', folder, '--outdir', served, '-S', 'misc', '-P', 'optional'];
  await succeed(program('reprepro'), [...options, 'includedeb', 'stable', ...packages], env);
  await succeed(program('gpgconf'), ['--kill', 'all'], env);
  return key;
}

/** Copies each index file of the suite to the path of its hash, as repositories with Acquire-By-Hash do. */
export function addByHash(served: string): void {
  const release = readFileSync(join(served, 'dists/stable/Release'), 'utf8');
  const [, listed = ''] = /^SHA256:\n((?: .*\n?)+)/m.exec(release) ?? [];
  for (const [, digest = '', path = ''] of listed.matchAll(/^ ([0-9a-f]{64}) +\d+ (\S+)$/gm)) {
    const folder = join(served, 'dists/stable', path, '../by-hash/SHA256');
    mkdirSync(folder, { recursive: true });
    cpSync(join(served, 'dists/stable', path), join(folder, digest));
  }
}

/** A flat repository without a signature (sources.list(5)). */
export function createFlatRepository(served: string, packages: readonly string[]): void {
  mkdirSync(served, { recursive: true });
  const index = packages
    .map((file) => {
      const bytes = readFileSync(file);
      const name = file.slice(file.lastIndexOf('/') + 1);
      cpSync(file, join(served, name));
      const control = controlFile(name.replace(/_.*/, ''));
      return `${control}Filename: ./${name}\nSize: ${bytes.length}\nSHA256: ${hash('sha256', bytes)}\n`;
    })
    .join('\n');
  writeFileSync(join(served, 'Packages'), index);
  writeFileSync(
    join(served, 'Release'),
    `Suite: ./\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n ${hash('sha256', index)} ${index.length} Packages\n`,
  );
  // Clients revalidate by the time of the file, in seconds: a later change must be newer.
  const date = new Date('2026-01-01');
  utimesSync(join(served, 'Release'), date, date);
}
