import { hash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;
/** Random, so that gzip does not shrink it: about the median size of a package. */
const FILE_BYTES = 20 * 1024;
/** Publishing requests at once. */
const BATCH = 10;

/** Publishes packages of one version, as `npm publish` does, and returns their names. */
export async function publishPackages(
  registry: string,
  basic: string,
  count: number,
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `package-${index}`);
  for (let at = 0; at < count; at += BATCH) {
    await Promise.all(names.slice(at, at + BATCH).map((name) => publish(registry, basic, name)));
  }
  return names;
}

async function publish(registry: string, basic: string, name: string): Promise<void> {
  const archive = packageArchive(name);
  const file = `${name}-1.0.0.tgz`;
  const manifest = {
    name,
    version: '1.0.0',
    dist: {
      shasum: hash('sha1', archive),
      integrity: `sha512-${hash('sha512', archive, 'base64')}`,
      tarball: `${registry}/${name}/-/${file}`,
    },
  };
  const document = {
    _id: name,
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': manifest },
    _attachments: {
      [file]: {
        content_type: 'application/octet-stream',
        data: archive.toString('base64'),
        length: archive.length,
      },
    },
  };
  const response = await fetch(`${registry}/${name}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', Authorization: `Basic ${basic}` },
    body: JSON.stringify(document),
  });
  if (!response.ok) throw new Error(`Verdaccio: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

function packageArchive(name: string): Buffer {
  const files = {
    'package/package.json': Buffer.from(JSON.stringify({ name, version: '1.0.0' })),
    'package/data.bin': randomBytes(FILE_BYTES),
  };
  const entries = Object.entries(files).flatMap(([path, content]) => [
    tarHeader(path, content.length),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]));
}

/** A ustar header (POSIX pax): octal numbers, and a checksum computed with spaces in its own field. */
function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  header.write(path, 0);
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100);
  header.write(`${octal(size, 11)}\0${octal(0, 11)}\0        0`, 124);
  header.write('ustar\u000000', 257, 'latin1');
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  );
  return header;
}
