/** Debian packages from parts, for uploads that dpkg-deb would not build. */

export interface Part {
  readonly name: string;
  readonly content: string | Buffer;
}

/** An ar archive (deb(5)). */
export function arArchive(members: readonly Part[]): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...members.map(({ name, content }) => {
      const bytes = Buffer.from(content);
      const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`;
      return Buffer.concat([Buffer.from(header), bytes, Buffer.from(bytes.length % 2 === 0 ? '' : '\n')]);
    }),
  ]);
}

/** A tar archive with two empty blocks at its end. A name that ends with `/` is a folder. */
export function tarArchive(entries: readonly (Part & { readonly type?: string })[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(1024)]);
}

function tarEntry({ name, content, type }: Part & { readonly type?: string }): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type ?? (name.endsWith('/') ? '5' : '0'), 156);
  header.write('ustar  \0', 257);
  writeChecksum(header);
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** The archive with another name in its first header; `name` can contain NUL. */
export function withTarName(archive: Buffer, name: string): Buffer {
  const header = Buffer.from(archive.subarray(0, 512));
  header.fill(0, 0, 100);
  header.write(name, 0, 'latin1');
  header.write('        ', 148);
  writeChecksum(header);
  return Buffer.concat([header, archive.subarray(512)]);
}

/** The field contains blanks before. */
function writeChecksum(header: Buffer): void {
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** A control file of deb-control(5). */
export function controlFile(name: string): string {
  return `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Acme <acme@example.com>\nDescription: test\n`;
}

/** A package with this control archive, and one byte of data. */
export function debPackage(control: Part, ...more: readonly Part[]): Buffer {
  return arArchive([
    { name: 'debian-binary', content: '2.0\n' },
    control,
    ...more,
    { name: 'data.tar', content: 'x' },
  ]);
}
