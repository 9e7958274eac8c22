import { crc32, inflateRawSync } from 'node:zlib';

export interface Nuspec {
  readonly id: string;
  readonly version: string;
}

/** What a package says that it is: a zip file (APPNOTE 4.3) with a nuspec in its root, as servers read it. */
export function nuspecOf(bytes: Buffer): Nuspec {
  const end = bytes.lastIndexOf('PK\x05\x06');
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength!);
    if (/^[^/]+\.nuspec$/.test(name)) return readNuspec(fileAt(bytes, at));
    at += 46 + nameLength! + extra! + comment!;
  }
  throw new Error('a package without a nuspec');
}

function fileAt(bytes: Buffer, entry: number): Buffer {
  const local = bytes.readUInt32LE(entry + 42);
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const content = bytes.subarray(start, start + bytes.readUInt32LE(entry + 20));
  const file = bytes.readUInt16LE(entry + 10) === 0 ? content : inflateRawSync(content);
  if (crc32(file) !== bytes.readUInt32LE(entry + 16)) throw new Error('a package that is not whole');
  return file;
}

function readNuspec(file: Buffer): Nuspec {
  const text = file.toString('utf8');
  const [, id = ''] = /<id>([^<]+)<\/id>/.exec(text) ?? [];
  const [, version = ''] = /<version>([^<]+)<\/version>/.exec(text) ?? [];
  return { id, version };
}
