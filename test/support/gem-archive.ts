import { gzipSync } from 'node:zlib';
import { tarArchive, type Part } from './deb-archive.ts';

/** The specification of a gem, as RubyGems writes it. */
export function specification(name: string, more = ''): string {
  return `--- !ruby/object:Gem::Specification\nname: ${name}\nversion: !ruby/object:Gem::Version\n  version: '1.0'\nplatform: ruby\nauthors:\n- Acme\n${more}summary: test\n`;
}

/** A gem with this specification, from parts that `gem build` would not write. */
export function gemArchive(metadata: string | Buffer, ...more: readonly Part[]): Buffer {
  const content = typeof metadata === 'string' ? gzipSync(metadata) : metadata;
  return tarArchive([
    { name: 'metadata.gz', content },
    { name: 'data.tar.gz', content: 'x' },
    ...more,
    { name: 'checksums.yaml.gz', content: 'x' },
  ]);
}

/** The form of `gem push --attestation`, boundary `b`. */
export function attestedForm(...parts: readonly (Part & { readonly filename?: string })[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ name, content, filename }) => [
      Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`,
      ),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--b--\r\n'),
  ]);
}
