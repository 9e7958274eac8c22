import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { nameEntry, rpmPackage } from '../../support/rpm-package.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt } from './request-heads.ts';

const { classify } = packageProtocols.rpm({ path: '/' });
const head = headsAt('packages.example.com', '/');

async function read(body: Buffer, path = 'upload'): Promise<readonly string[]> {
  const upload = classify(head('PUT', path));
  return upload.kind === 'in-body' ? describeOperations(await upload.read(body)) : [upload.kind];
}

const VERSION = { tag: 1001, value: '1.0' };
const acme = rpmPackage([VERSION, nameEntry('acme')]);

describe('the package is the one in the header', () => {
  test('not the one in the lead', async () => {
    expect(await read(acme)).toEqual(['write one acme']);
    expect(await read(acme, 'el9/upload')).toEqual(['write one acme']);
  });

  test('and the path must agree', async () => {
    expect(await read(acme, 'Packages/acme-1.0-1.noarch.rpm')).toEqual(['write one acme']);
    expect(await read(acme, 'Packages/other-1.0-1.noarch.rpm')).toEqual(['request_malformed']);
    expect(await read(acme, 'lead-1.0-1.noarch.rpm')).toEqual(['request_malformed']);
  });

  test('after a signature of any length', async () => {
    for (const length of [1, 7, 8, 5000])
      expect(
        await read(rpmPackage([nameEntry('acme')], [{ tag: 268, type: 7, value: Buffer.alloc(length) }])),
      ).toEqual(['write one acme']);
  });

  test('with only the start of the data', async () => {
    const long = rpmPackage([nameEntry('acme'), { tag: 1117, value: Buffer.alloc(2 * 1024 ** 2) }]);
    expect(await read(long.subarray(0, 1024 ** 2))).toEqual(['write one acme']);
  });
});

test.each([
  ['another format', Buffer.from('!<arch>\n'.padEnd(100))],
  ['nothing', Buffer.alloc(0)],
  ['a truncated lead', acme.subarray(0, 50)],
  ['a truncated signature', acme.subarray(0, 100)],
  ['a truncated index', acme.subarray(0, 96 + 16 + 20)],
  ['a truncated name', acme.subarray(0, -7)],
  ['two names', rpmPackage([nameEntry('acme'), nameEntry('other')])],
  ['no name', rpmPackage([VERSION])],
  ['an invalid name', rpmPackage([nameEntry('a/b')])],
  ['an escaped name', rpmPackage([nameEntry('ac%6De')])],
  ['an empty name', rpmPackage([nameEntry('')])],
  ['another type', rpmPackage([{ ...nameEntry('acme'), type: 8 }])],
  ['an array', rpmPackage([{ ...nameEntry('acme'), count: 2 }])],
  ['a name outside the data', rpmPackage([{ ...nameEntry('acme'), offset: 100 }])],
  ['a name that continues after the data', rpmPackage([{ tag: 1000, value: Buffer.from('acme') }])],
  ['too many entries', Buffer.from(acme).fill(0xff, 96 + 16 + 8, 96 + 16 + 12)],
  ['no header after the signature', Buffer.from(acme).fill(0, 96 + 16, 96 + 20)],
])('a package with %s is refused', async (_case, body) => {
  expect(await read(body)).toEqual(['request_malformed']);
});

test('an index that is longer than the limit needs a grant for all packages', async () => {
  const signature = [{ tag: 268, type: 7, value: Buffer.alloc(2 * 1024 ** 2) }];
  const body = rpmPackage([nameEntry('acme')], signature).subarray(0, 1024 ** 2);
  expect(await read(body)).toEqual(['write every']);
});
