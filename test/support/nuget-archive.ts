/** NuGet packages and pushes from parts, for archives that NuGet would not write. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly content: string | Buffer;
  /** Default: deflated. */
  readonly stored?: boolean;
  readonly flags?: number;
  readonly extra?: Buffer;
  /** The name in the header before the file. Default: `name`. */
  readonly localName?: string;
  /** Bytes of the uncompressed file, as both headers declare them. */
  readonly size?: number;
  /** Bytes that belong to the file, after its compressed data. */
  readonly trailing?: Buffer;
  /** In the directory. */
  readonly comment?: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** A zip archive (APPNOTE 6.3). `gap`: bytes between the files and the directory. */
export function zipArchive(files: readonly ZipFile[], gap: Buffer = EMPTY): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const { name, stored = false, flags = 0, extra = EMPTY, localName = name, comment = EMPTY } = file;
    const content = Buffer.from(file.content);
    const bytes = Buffer.concat([stored ? content : deflateRawSync(content), file.trailing ?? EMPTY]);
    const common = (text: string): Buffer => {
      const fields = Buffer.alloc(24);
      fields.writeUInt16LE(flags, 0);
      fields.writeUInt16LE(stored ? 0 : 8, 2);
      fields.writeUInt32LE(crc32(content), 8);
      fields.writeUInt32LE(bytes.length, 12);
      fields.writeUInt32LE(file.size ?? content.length, 16);
      fields.writeUInt16LE(Buffer.byteLength(text), 20);
      fields.writeUInt16LE(extra.length, 22);
      return fields;
    };
    const before = Buffer.concat([
      Buffer.from('PK\x03\x04\x14\0', 'latin1'),
      common(localName),
      Buffer.from(localName),
      extra,
      bytes,
    ]);
    const place = Buffer.alloc(14);
    place.writeUInt16LE(comment.length, 0);
    place.writeUInt32LE(offset, 10);
    central.push(
      Buffer.from('PK\x01\x02\x14\0\x14\0', 'latin1'),
      common(name),
      place,
      Buffer.from(name),
      extra,
      comment,
    );
    local.push(before);
    offset += before.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset + gap.length, 12);
  return Buffer.concat([...local, gap, directory, Buffer.from('PK\x05\x06'), end]);
}

export function nuspecText(id: string): string {
  return (
    '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://schemas.microsoft.com/packaging/2010/07/nuspec.xsd">\n' +
    `  <metadata minClientVersion="2.12">\n    <id>${id}</id>\n    <version>1.0.0</version>\n    <dependencies><dependency id="Other" version="1" /></dependencies>\n  </metadata>\n</package>`
  );
}

export function nuspecFile(id: string): ZipFile {
  return { name: `${id}.nuspec`, content: nuspecText(id) };
}

const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const MANIFEST = 'http://schemas.microsoft.com/packaging/2010/07/manifest';

/** The relationships of a package, of which one names its nuspec. */
export function relationshipsFile(target: string): ZipFile {
  return {
    name: '_rels/.rels',
    content: `\uFEFF<?xml version="1.0" encoding="utf-8"?><Relationships xmlns="${RELATIONSHIPS}"><Relationship Type="${MANIFEST}" Target="${target}" Id="R1" /></Relationships>`,
  };
}

/** A package with the files that NuGet writes. */
export function nupkgOf(id: string, ...more: readonly ZipFile[]): Buffer {
  return zipArchive([
    relationshipsFile(`/${id}.nuspec`),
    nuspecFile(id),
    { name: 'content/a%20b.txt', content: 'x'.repeat(100) },
    ...more,
  ]);
}

const BOUNDARY = '99c78741-9880-411d-9f47-dd9fc246c39e';

export const PUSH_TYPE = `multipart/form-data; boundary="${BOUNDARY}"`;

/** Part headers as nuget.exe 5.8 sends them (recorded). */
const DISPOSITION = "form-data; name=package; filename=package.nupkg; filename*=utf-8''package.nupkg";

/** The form of a push. `end`: the text after the last part. */
export function pushForm(nupkg: Buffer, disposition: string = DISPOSITION, end = '--\r\n'): Buffer {
  return Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Disposition: ${disposition}\r\n\r\n`,
    ),
    nupkg,
    Buffer.from(`\r\n--${BOUNDARY}${end}`),
  ]);
}

/** A further part after the first one, for `end`. */
export function furtherPart(nupkg: Buffer): string {
  return `\r\nContent-Disposition: form-data; name="package"; filename="package.nupkg"\r\n\r\n${nupkg.toString('latin1')}\r\n--${BOUNDARY}--\r\n`;
}
