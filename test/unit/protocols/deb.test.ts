import { describe, expect, test } from 'vitest';
import type { Classification } from '../../../src/core/request/protocol.ts';
import { packageProtocols } from '../../support/protocols.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal, dotSegment } = packageProtocols.deb({ path: '/deb/' });
const head = headsAt('packages.example.com', '/deb/');
const requested = (method: string, target: string): readonly string[] =>
  describeOperations(classify(head(method, target)));

test.each([
  ['GET', 'pool/main/a/acme/acme_1.0-1_amd64.deb', 'acme'],
  ['HEAD', 'pool/main/liba/acme/libacme%2B%2B_1.0%2Bdfsg-1_amd64.deb', 'libacme++'],
  ['GET', 'pool/main/a/acme/acme-installer_1.0_all.udeb', 'acme-installer'],
  ['GET', 'pool/main/a/acme/acme-dbgsym_1.0_amd64.ddeb', 'acme-dbgsym'],
  ['GET', 'flat/acme_1%3A1.0~rc1_all.deb', 'acme'],
  ['GET', 'dists/stable/main/binary-amd64/acme_1.0_amd64.deb', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0-1.dsc', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0.orig.tar.xz', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0.orig.tar.xz.asc', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0.orig-docs.tar.gz', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0-1.debian.tar.xz', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0-1.diff.gz', 'acme'],
  ['GET', 'pool/main/a/acme/acme_1.0-1_amd64.buildinfo', 'acme'],
])('%s %s reads %s', (method, path, name) => {
  expect(requested(method, path)).toEqual([`read one ${name}`]);
});

test.each([
  'dists/stable/InRelease',
  'dists/stable/Release.gpg',
  'dists/stable/main/binary-amd64/Packages.xz',
  'dists/stable/main/binary-amd64/by-hash/SHA256/0123abcd',
  'dists/stable/main/binary-amd64/Packages.diff/Index',
  'dists/stable/main/binary-amd64/Packages.diff/T-2026-01-01-0000.00-F-2025-12-31-0000.00.gz',
  'dists/stable/main/i18n/Translation-en.bz2',
  'dists/stable/main/Contents-amd64.gz',
  'dists/stable/main/dep11/icons-64x64.tar.gz',
  'debian/dists/stable/InRelease',
  'flat/Packages',
  'flat/InRelease',
  'flat/Sources.gz',
  'flat/by-hash/SHA512/0123abcd',
  'Packages.diff/Index',
  'repository.key',
  'acme-archive-keyring.gpg',
])('GET %s needs any grant', (path) => {
  expect(requested('GET', path)).toEqual(['read any']);
});

test.each([
  'pool/main/a/acme/',
  '',
  'dists/',
  'dists/stable/secret.deb',
  'dists/stable/SECRET_1.0_all.DEB',
  'pool/main/a/acme/acme.deb',
  'pool/main/a/acme/Acme_1.0_all.deb',
  'pool/main/a/acme/_1.0_all.deb',
  'pool/main/a/acme/acme_1.0_all.changes',
  'pool/main/a/acme/README',
  'backup.tar.gpg',
  'acme.diff/Index',
])('GET %s names no package', (path) => {
  expect(requested('GET', path)).toEqual(['read every']);
});

test.each([
  ['PUT', 'pool/main/a/acme/acme_1.0-1.dsc', 'write one acme'],
  ['PUT', 'acme_1.0.orig.tar.xz', 'write one acme'],
  ['DELETE', 'pool/main/a/acme/acme_1.0_all.deb', 'write one acme'],
  ['DELETE', 'pool/stable/main/acme/1.0-1/amd64', 'write one acme'],
  ['PUT', 'acme_1.0_amd64.changes', 'write every'],
  ['PUT', 'dists/stable/InRelease', 'write every'],
  ['DELETE', 'dists/stable/InRelease', 'write every'],
  ['DELETE', 'pool/main/a/acme/', 'write every'],
  ['DELETE', 'pool/stable/main/Acme/1.0/amd64', 'write every'],
  ['PUT', 'acme_1.0-1.dsc?multipart-manifest=put', 'write every'],
  ['PUT', 'pool/stable/main/upload', 'in-body'],
  ['PUT', 'acme_1.0_all.deb?distribution=stable&component=main', 'in-body'],
  ['POST', 'pool/stable/main/upload', 'unknown'],
  ['MKCOL', 'pool/main', 'unknown'],
])('%s %s: %s', (method, path, operation) => {
  expect(requested(method, path)).toEqual([operation]);
});

describe('matrix parameters', () => {
  const withParameters = (method: string, target: string): Classification =>
    classify({ ...head(method, target), pathParameters: true });

  test('of an uploaded file belong to no name', () => {
    expect(
      describeOperations(withParameters('PUT', 'pool/acme_1.0.dsc;deb.distribution=x;deb.component=y')),
    ).toEqual(['write one acme']);
    expect(withParameters('PUT', 'pool/acme_1.0_all.deb;deb.distribution=x').kind).toBe('in-body');
  });

  test.each([
    ['PUT', 'pool;a=b/acme_1.0_all.deb'],
    ['PUT', 'pool/secret_1.0.dsc;/acme_1.0.dsc'],
    ['GET', 'pool/acme_1.0_all.deb;a=b'],
    ['DELETE', 'pool/acme_1.0_all.deb;a=b'],
  ])('%s %s is not an operation', (method, path) => {
    expect(withParameters(method, path).kind).toBe('unknown');
  });
});

test('an upload with a Content-Encoding is refused', () => {
  expect(
    describeOperations(
      classify({ ...head('PUT', 'pool/x/y/upload'), rawHeaders: ['Content-Encoding', 'gzip'] }),
    ),
  ).toEqual(['request_malformed']);
});

test('apt gets Basic, the reason as a phrase, and its literal dot segment', () => {
  expect(dotSegment).toBe(true);
  expect(challenge({ host: 'packages.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="packages.example.com"',
  );
  expect(refusal(SCOPE_NOT_GRANTED, undefined).phrase).toBe('Why. (scope_not_granted)');
});
