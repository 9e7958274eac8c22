import { describe, expect, test } from 'vitest';
import type { PublicUrls } from '../../../src/core/request/protocol.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { MIRROR_LIST } from '../../../src/protocols/rpm/mirror-list.ts';
import { REPOSITORY_FILE } from '../../../src/protocols/rpm/repository-file.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.rpm({ path: '/rpm/' });
const head = headsAt('packages.example.com', '/rpm/');
const requested = (method: string, target: string): readonly string[] =>
  describeOperations(classify(head(method, target)));

test.each([
  ['GET', 'Packages/a/acme-1.0-1.noarch.rpm', 'acme'],
  ['HEAD', 'acme-tools-1.0-1.el9.x86_64.rpm', 'acme-tools'],
  ['GET', 'libacme%2B%2B-1.0~rc1-1.x86_64.rpm', 'libacme++'],
  ['GET', 'acme-1.0-1.src.rpm', 'acme'],
  ['GET', 'acme-2-1.0-1.noarch.rpm', 'acme-2'],
  ['GET', 'repodata/acme-1.0-1.noarch.rpm', 'acme'],
  ['GET', 'drpms/acme-tools-1.0-1.el9_1.1-1.el9.x86_64.drpm', 'acme-tools'],
  ['GET', 'el9/package/acme/1.0-1/x86_64', 'acme'],
  ['GET', 'package/acme/1.0-1/x86_64/acme-1.0-1.x86_64.rpm', 'acme'],
])('%s %s reads %s', (method, path, name) => {
  expect(requested(method, path)).toEqual([`read one ${name}`]);
});

test('Gitea selects a package by its folder, others by the file name: both must be granted', () => {
  expect(requested('GET', 'package/secret/1.0-1/x86_64/acme-1.0-1.x86_64.rpm')).toEqual([
    'read one secret',
    'read one acme',
  ]);
});

// Gitea finds packages and files in lower case, by the simple case mapping of Unicode: U+212A is `k`, U+0130 is `i`.
test.each([
  ['package/secret/1.0-1/NOARCH/acme-1.0-1.noarch.rpm', ['read one secret', 'read one acme']],
  ['package/secret/1.0-1/%C4%B0686/acme-1.0-1.i686.rpm', ['read one secret', 'read one acme']],
  ['package/%E2%84%AAernel/1.0-1/x86_64/acme-1.0-1.x86_64.rpm', ['read every']],
  ['package/%E2%84%AAernel/1.0-1/x86_64', ['read every']],
])('GET %s needs a grant for the package of the folder', (path, operations) => {
  expect(requested('GET', path)).toEqual(operations);
});

test.each([
  'repodata/repomd.xml',
  'repodata/repomd.xml.asc',
  'repodata/repomd.xml.key',
  'el9/x86_64/repodata/0123abcd-primary.xml.zst',
  'metalink?repo=acme&arch=x86_64',
  'mirrorlist?repo=acme',
  'mirrorlist.txt',
  'acme.repo',
  'repository.key',
  'RPM-GPG-KEY-acme',
])('GET %s needs any grant', (path) => {
  expect(requested('GET', path)).toEqual(['read any']);
});

test.each([
  '',
  'Packages/',
  'repodata/',
  'acme.rpm',
  'acme-1.0.rpm',
  'repodata/secret.rpm',
  '-acme-1.0-1.noarch.rpm',
  'acme-1.0-1.drpm',
  'acme-1.0-1.noarch.rpm.asc',
  'README',
])('GET %s names no package', (path) => {
  expect(requested('GET', path)).toEqual(['read every']);
});

test('a long file name does not block', () => {
  const path = `a-b-${'_'.repeat(30_000)}-${'.'.repeat(30_000)}x`;
  expect(requested('GET', path)).toEqual(['read every']);
});

test.each([
  ['PUT', 'upload', 'in-body'],
  ['PUT', 'el9/upload?sign=true', 'in-body'],
  ['PUT', 'Packages/acme-1.0-1.noarch.rpm', 'in-body'],
  ['DELETE', 'Packages/acme-1.0-1.noarch.rpm', 'write one acme'],
  ['DELETE', 'el9/package/acme/1.0-1/noarch', 'write one acme'],
  ['PUT', 'repodata/repomd.xml', 'write every'],
  ['PUT', 'acme-1.0-1_1.1-1.noarch.drpm', 'write every'],
  ['DELETE', 'repodata/repomd.xml', 'write every'],
  ['DELETE', 'repodata/repomd.xml?comp=batch', 'write every'],
  ['POST', 'el9/package/acme/1.0-1/noarch/errata', 'write every'],
  ['POST', '', 'unknown'],
  ['MOVE', 'acme-1.0-1.noarch.rpm', 'unknown'],
])('%s %s: %s', (method, path, operation) => {
  expect(requested(method, path)).toEqual([operation]);
});

describe('rewritten documents', () => {
  const urls: PublicUrls = {
    base: 'https://packages.example.com/rpm/',
    of(url) {
      if (url === 'http://up.internal/r') return 'https://packages.example.com/rpm';
      return url.startsWith('http://up.internal/r/')
        ? `https://packages.example.com/rpm/${url.slice('http://up.internal/r/'.length)}`
        : undefined;
    },
    leadsToStorage: () => false,
  };

  const METALINK = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/">
  <files><file name="repomd.xml">
    <verification><hash type="sha256">0123</hash></verification>
    <resources maxconnections="1">
      <url protocol="http" type="http" preference="100">http://up.internal/r/repodata/repomd.xml?a=1&amp;b=2</url>
      <!-- <url>http://up.internal/r/comment</url> -->
      <url protocol="https" type="https" preference="99">https://mirror.example.org/repodata/repomd.xml</url>
    </resources>
  </file></files>
</metalink>
`;

  test('a metalink keeps its checksums and the mirrors behind the gateway', () => {
    const rewritten = MIRROR_LIST.rewrite(METALINK, urls) ?? '';
    expect(rewritten).toContain(
      '<url protocol="http" type="http" preference="100">https://packages.example.com/rpm/repodata/repomd.xml?a=1&amp;b=2</url>',
    );
    expect(rewritten).toContain('<hash type="sha256">0123</hash>');
    expect(rewritten).not.toMatch(/up\.internal|mirror\.example\.org/);
  });

  test.each([
    ['only foreign mirrors', METALINK.replaceAll('up.internal', 'other.example.org')],
    ['an entity declaration', METALINK.replace('<metalink', '<!DOCTYPE m [<!ENTITY u "x">]><metalink')],
    ['CDATA', METALINK.replace('http://up.internal/r/repo', '<![CDATA[http://evil.example.org]]>')],
    ['a nested element', METALINK.replace('http://up.internal/r/repo', 'http://evil.example.org/<b/>')],
    [
      'a namespace prefix',
      METALINK.replace('</resources>', '<m:url>http://evil.example.org/</m:url></resources>'),
    ],
    [
      'an element without an end',
      METALINK.replace('</resources>', '<url>http://evil.example.org</resources>'),
    ],
    [
      'another encoding',
      METALINK.replace('utf-8', 'UTF-7').replace(
        '</resources>',
        '+ADw-url+AD4-http://evil.example.org/+ADw-/url+AD4-</resources>',
      ),
    ],
    [
      'an encoding with single quotes',
      METALINK.replace('"utf-8"', "'utf-16le'").replace('version="1.0"', "version='1.0'"),
    ],
    [
      'UTF-16 without a declaration',
      `${'<metalink><url>http://evil.example.org/</url>'.split('').join('\0')}\0${METALINK}`,
    ],
    ['HTML', '<html>no list</html>'],
    ['nothing', ''],
    ['a list of foreign mirrors', 'https://mirror.example.org/r/\n'],
  ])('%s is not relayed', (_case, document) => {
    expect(MIRROR_LIST.rewrite(document, urls)).toBeUndefined();
  });

  test.each([
    ['unfinished comments', `<metalink>${'<!--'.repeat(250_000)}`],
    ['unfinished elements', `<metalink>${'<url '.repeat(200_000)}`],
    ['spaces', `<metalink><url>${' '.repeat(1_000_000)}`],
  ])('a hostile metalink of %s does not block', (_case, document) => {
    expect(MIRROR_LIST.rewrite(document, urls)).toBeUndefined();
  });

  test('a hostile .repo file does not block', () => {
    const file = `baseurl=${'http'.repeat(250_000)}`;
    expect(REPOSITORY_FILE.rewrite(file, urls)).toBe(file);
  });

  test('a list of mirrors keeps the mirrors behind the gateway', () => {
    const list = '# repo=acme\r\nhttp://up.internal/r/el9/$basearch/\r\nhttps://mirror.example.org/r/\r\n';
    expect(MIRROR_LIST.rewrite(list, urls)).toBe('https://packages.example.com/rpm/el9/$basearch/\n');
  });

  test('a .repo file names the gateway', () => {
    const file = `[acme]
name=Packages of http://up.internal/r/
baseurl=http://up.internal/r
  http://up.internal/r/el9/,https://mirror.example.org/r
enabled=1
gpgkey = http://up.internal/r/repository.key
`;
    expect(REPOSITORY_FILE.rewrite(file, urls)).toBe(`[acme]
name=Packages of http://up.internal/r/
baseurl=https://packages.example.com/rpm
  https://packages.example.com/rpm/el9/,https://mirror.example.org/r
enabled=1
gpgkey = https://packages.example.com/rpm/repository.key
`);
  });
});

test('dnf gets Basic and the reason as a phrase', () => {
  expect(challenge({ host: 'packages.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="packages.example.com"',
  );
  expect(refusal(SCOPE_NOT_GRANTED, undefined).phrase).toBe('Why. (scope_not_granted)');
});
