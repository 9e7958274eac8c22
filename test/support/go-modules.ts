import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** Of its one package; what `Hello` returns. */
  readonly hello: string;
}

/** A module as a proxy serves it, by file name below `@v/`. */
export function moduleFiles({ path, version, hello }: GoModule): Readonly<Record<string, Buffer>> {
  const mod = goMod(path);
  return {
    list: Buffer.from(`${version}\n`),
    [`${version}.info`]: Buffer.from(JSON.stringify({ Version: version, Time: '2026-01-01T00:00:00Z' })),
    [`${version}.mod`]: Buffer.from(mod),
    [`${version}.zip`]: zip(sources({ path, version, hello })),
  };
}

/** `Azure` → `!azure` (golang.org/x/mod/module). */
function escapedPath(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}

/** Writes modules, and a checksum database that knows them, in the layout of a proxy. Returns the value of GOSUMDB. */
export function writeModules(folder: string, database: string, modules: readonly GoModule[]): string {
  const write = (file: string, content: Buffer | string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  };
  for (const module of modules) {
    for (const [name, content] of Object.entries(moduleFiles(module)))
      write(`${escapedPath(module.path)}/@v/${name}`, content);
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const key = Buffer.concat([Buffer.from([1]), raw]);
  const id = sha256(Buffer.concat([Buffer.from(`${database}\n`), key])).subarray(0, 4);
  const records = modules.map(recordOf);
  const leaves = records.map((record) => sha256(Buffer.from(`\0${record}`)));
  const tree = `go.sum database tree\n${records.length}\n${treeHash(leaves).toString('base64')}\n`;
  const signature = Buffer.concat([id, sign(null, Buffer.from(tree), privateKey)]).toString('base64');
  const signed = `${tree}\n— ${database} ${signature}\n`;

  write(`sumdb/${database}/supported`, '');
  write(`sumdb/${database}/latest`, signed);
  write(`sumdb/${database}/tile/8/0/000.p/${records.length}`, Buffer.concat(leaves));
  for (const [index, { path, version }] of modules.entries()) {
    const file = `sumdb/${database}/lookup/${escapedPath(path)}@${version}`;
    write(file, `${index}\n${records[index]}\n${signed}`);
  }
  return `${database}+${id.toString('hex')}+${key.toString('base64')}`;
}

function goMod(path: string): string {
  return `module ${path}\n\ngo 1.19\n`;
}

function sources({ path, version, hello }: GoModule): Readonly<Record<string, string>> {
  const root = `${path}@${version}`;
  return {
    [`${root}/go.mod`]: goMod(path),
    [`${root}/lib.go`]: `package lib\n\nfunc Hello() string { return ${JSON.stringify(hello)} }\n`,
  };
}

function recordOf(module: GoModule): string {
  const { path, version } = module;
  return `${path} ${version} ${hash1(sources(module))}\n${path} ${version}/go.mod ${hash1({ 'go.mod': goMod(path) })}\n`;
}

/** golang.org/x/mod/sumdb/dirhash, Hash1. */
function hash1(files: Readonly<Record<string, string>>): string {
  const names = Object.keys(files).toSorted();
  const lines = names.map((name) => `${hash('sha256', files[name] ?? '')}  ${name}\n`);
  return `h1:${hash('sha256', lines.join(''), 'base64')}`;
}

/** RFC 6962 §2.1. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (leaves.length <= 1) return only ?? sha256(Buffer.alloc(0));
  const left = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const nodes = [Buffer.from([1]), treeHash(leaves.slice(0, left)), treeHash(leaves.slice(left))];
  return sha256(Buffer.concat(nodes));
}

function sha256(bytes: Buffer): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/** Stored, not compressed (PKWARE APPNOTE 4.3). */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [nameBytes, content] = [Buffer.from(name), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, nameBytes, content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), common, rest, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end]);
}
