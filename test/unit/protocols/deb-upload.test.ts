import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { watchMembers } from '../../../src/protocols/deb/archive.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { arArchive, controlFile, debPackage, tarArchive, withTarName } from '../../support/deb-archive.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt } from './request-heads.ts';

const { classify } = packageProtocols.deb({ path: '/' });
const head = headsAt('packages.example.com', '/');

async function read(body: Buffer, path = 'pool/stable/main/upload'): Promise<readonly string[]> {
  const upload = classify(head('PUT', path));
  return upload.kind === 'in-body' ? describeOperations(await upload.read(body)) : [upload.kind];
}

const acme = tarArchive([
  { name: './', content: '' },
  { name: './control', content: controlFile('acme') },
  { name: './postinst', content: '#!/bin/sh\n' },
]);

/** `tarArchive` of a control file `acme`, from xz 5.4. */
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4An/AKRdABcLvBx9AZW//VMcA/DfUkh1cB+CSEpZC6Pc+GQOwLJFHsjaRw' +
    'OT2lLsJKO7JuzFzWTz8dXmDqnyK4NG653piNhi7HbM+qmhMFhXh5x9/UGrar7etsxrC2sYAzhFMxxrKUQEuMjF0OO1' +
    'G3We7thtnJO/OiyF90t2uv79GGAePOM7HdFkKtzlTBLtj/YTxQg6ffcuLb7R3fIyivWCRe7ZU+CKiOAAAPTL2Mj6GU' +
    'mAAAHAAYAUAABOXqsZscRn+wIAAAAABFla',
  'base64',
);

describe('the package is the one in the control file', () => {
  test.each([
    ['', acme],
    ['.gz', gzipSync(acme)],
    ['.zst', zstdCompressSync(acme)],
    ['.xz', XZ],
  ])('control.tar%s', async (suffix, content) => {
    const body = debPackage({ name: `control.tar${suffix}`, content });
    expect(await read(body)).toEqual(['write one acme']);
    expect(await read(body, 'pool/main/a/acme/acme_1.0_all.deb')).toEqual(['write one acme']);
    expect(await read(body, 'pool/main/a/acme/other_1.0_all.deb')).toEqual(['request_malformed']);
  });

  test('a refusal names the package of the path and the one of the file', async () => {
    const upload = classify(head('PUT', 'pool/main/a/acme/other_1.0_all.deb'));
    if (upload.kind !== 'in-body') expect.unreachable();
    const body = debPackage({ name: 'control.tar', content: acme });
    expect(await upload.read(body)).toMatchObject({
      kind: 'deny',
      reason: 'request_malformed',
      message:
        'The path names the package "other", but the file is the package "acme". Upload the file under its name.',
    });
  });

  test('names of members can end with a slash', async () => {
    const body = arArchive([
      { name: 'debian-binary/', content: '2.0\n' },
      { name: 'control.tar/', content: acme },
    ]);
    expect(await read(body)).toEqual(['write one acme']);
  });
});

const control = (content: string) => tarArchive([{ name: 'control', content }]);

describe('a control archive that programs could read differently needs a grant for all packages', () => {
  test.each([
    [
      'two control files',
      tarArchive([0, 1].map(() => ({ name: './control', content: controlFile('acme') }))),
    ],
    [
      'a control file in capitals',
      tarArchive([
        { name: 'control', content: controlFile('acme') },
        { name: 'CONTROL', content: controlFile('other') },
      ]),
    ],
    [
      'another path of the control file',
      tarArchive([
        { name: 'control', content: controlFile('acme') },
        { name: './x/../control', content: controlFile('other') },
      ]),
    ],
    ['a link', tarArchive([{ name: 'control', content: '', type: '2' }])],
    [
      'an extended header',
      tarArchive([
        { name: 'pax', content: '16 path=control\n', type: 'x' },
        { name: 'control', content: controlFile('acme') },
      ]),
    ],
    // Go's archive/tar reads no content of a folder, so that the content is the next file.
    ...[
      ['./', '0'],
      ['./x', '5'],
    ].map(([name = '', type = '']): [string, Buffer] => [
      `a folder with content: ${name}`,
      tarArchive([
        { name, type, content: control(controlFile('other')).subarray(0, -1024) },
        { name: 'control', content: controlFile('acme') },
      ]),
    ]),
    ['no control file', tarArchive([{ name: 'postinst', content: '' }])],
    ['an archive after the end', Buffer.concat([acme, acme])],
    ['no end', acme.subarray(0, -1024)],
    [
      'more files than are read',
      tarArchive([
        { name: 'control', content: controlFile('acme') },
        ...Array.from({ length: 1000 }, () => ({ name: 'x', content: '' })),
      ]),
    ],
    ['a truncated file', acme.subarray(0, 1100)],
    ['a wrong checksum', Buffer.from(acme).fill('x', 0, 1)],
    ['two fields', control(`${controlFile('acme')}package: other\n`)],
    ['two paragraphs', control(`${controlFile('acme')}\n${controlFile('other')}`)],
    ['a carriage return', control(controlFile('acme').replaceAll('\n', '\r\n'))],
    // Gitea removes Unicode white space from both ends of a line, Python's str.splitlines ends lines at some.
    ...['\f', '\v', '\u00a0', '\u0085', '\u2003', '\ufeff'].map((space): [string, Buffer] => [
      `a second field after ${JSON.stringify(space)}`,
      control(`${controlFile('acme')}${space}Package: other\n`),
    ]),
    ...['\v', '\f', '\x1c', '\x1d', '\x1e', '\u0085', '\u2028', '\u2029'].map((end): [string, Buffer] => [
      `a line that ends with ${JSON.stringify(end)}`,
      control(`${controlFile('acme')}Homepage: x${end}Package: other\n`),
    ]),
    ['a byte order mark', control(`\ufeffPackage: other\n${controlFile('acme')}`)],
    ['a line without a field', control(`${controlFile('acme')}other\n`)],
    ['blank lines', control(`Package: acme\n${'\n'.repeat(500_000)}x`)],
    ['spaces', control(`${'\n '.repeat(250_000)}x`)],
    ['a file name with bytes after its end', withTarName(control(controlFile('acme')), 'control\0x')],
    ['thousands of lines', control(`${controlFile('acme')}${' x\n'.repeat(20_000)}`)],
    ['no name', control('Version: 1.0\n')],
    ['an invalid name', control(controlFile('Acme'))],
    ['a folded name', control('Package:\n acme\n')],
    ['nothing', Buffer.alloc(0)],
  ])('%s', async (_case, content) => {
    expect(await read(debPackage({ name: 'control.tar', content }))).toEqual(['write every']);
  });

  test.each([
    ['control.tar.gz', Buffer.from('no gzip')],
    ['control.tar.xz', Buffer.from('no xz')],
    ['control.tar.xz', XZ.subarray(0, -20)],
    ['control.tar.xz', Buffer.alloc(0)],
    ['control.tar.zst', zstdCompressSync(acme).subarray(0, -4)],
    ['control.tar.gz', gzipSync(Buffer.alloc(9 * 1024 ** 2))],
    ['control.tar.bz2', Buffer.from('BZh9')],
    ['control.tar.gz', Buffer.concat([gzipSync(acme), Buffer.alloc(1), gzipSync(acme)])],
    ['control.tar.zst', Buffer.concat([zstdCompressSync(acme), Buffer.from('more')])],
  ])('%s that is not readable', async (name, content) => {
    expect(await read(debPackage({ name, content }))).toEqual(['write every']);
  });

  test('one that is longer than the limit', async () => {
    const body = debPackage({ name: 'control.tar', content: Buffer.alloc(2 * 1024 ** 2) });
    expect(await read(body.subarray(0, 1024 ** 2))).toEqual(['write every']);
  });
});

describe('an archive that is no package is refused', () => {
  test.each([
    ['another format', Buffer.from('PK\u0003\u0004')],
    ['nothing', Buffer.alloc(0)],
    ['a truncated header', debPackage({ name: 'control.tar', content: acme }).subarray(0, 100)],
    ['no debian-binary', arArchive([{ name: 'control.tar', content: acme }])],
    [
      'another second member',
      arArchive([
        { name: 'debian-binary', content: '2.0\n' },
        { name: '_note', content: 'x' },
        { name: 'control.tar', content: acme },
      ]),
    ],
  ])('%s', async (_case, body) => {
    expect(await read(body)).toEqual(['request_malformed']);
  });
});

describe('members after the control archive', () => {
  function watch(body: Buffer, size: number): string | undefined {
    const check = watchMembers();
    for (let at = 0; at < body.length; at += size) {
      const found = check(body.subarray(at, at + size));
      if (found !== undefined) return found.detail;
    }
    return undefined;
  }

  const part = { name: 'control.tar', content: acme };
  test.each([1, 7, 60, 4096])('are checked in chunks of %d bytes', (size) => {
    expect(watch(debPackage(part, { name: '_gpgorigin', content: 'abc' }), size)).toBeUndefined();
    expect(watch(debPackage(part, { name: 'control.tar.gz', content: 'abc' }), size)).toContain(
      'member 3 of the package is "control.tar.gz"',
    );
    expect(watch(Buffer.concat([debPackage(part), debPackage(part)]), size)).toContain('invalid header');
  });
});
