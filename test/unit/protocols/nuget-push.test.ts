import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import {
  furtherPart,
  nupkgOf,
  nuspecFile,
  nuspecText,
  PUSH_TYPE,
  pushForm,
  relationshipsFile,
  zipArchive,
} from '../../support/nuget-archive.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt } from './request-heads.ts';

const { classify } = packageProtocols.nuget({ path: '/' });
const head = headsAt('feed.example.com', '/');

const TYPE = ['Content-Type', PUSH_TYPE];

async function push(body: Buffer, path = 'api/v2/package', rawHeaders = TYPE): Promise<readonly string[]> {
  const requested = classify({ ...head('PUT', path), hasBody: true, rawHeaders });
  return describeOperations(requested.kind === 'in-body' ? await requested.read(body) : requested);
}

const pushed = (nupkg: Buffer): Promise<readonly string[]> => push(pushForm(nupkg));
const acme = nupkgOf('Acme.Core');
const WRITES_ACME = ['write one acme.core'];

describe('a package is published by the id in its nuspec', () => {
  test.each(['api/v2/package', 'api/v2/package/', '', 'api/v2/symbolpackage', 'symbolpackage'])(
    'PUT %s',
    async (path) => expect(await push(pushForm(acme), path)).toEqual(WRITES_ACME),
  );

  test.each([
    'form-data; name="package"; filename="package.nupkg"',
    'form-data; name="package"; filename="Acme.Core.1.0.0-rc.1.nupkg"',
    'form-data; name="package"; filename="acme.core.1.0.0.snupkg"',
    'form-data; name=package; filename=package',
  ])('%s', async (disposition) => expect(await push(pushForm(acme, disposition))).toEqual(WRITES_ACME));

  test('in any case, of the id and of the file', async () => {
    const shouted = { ...nuspecFile('Acme.Core'), name: 'ACME.CORE.NUSPEC' };
    expect(await pushed(zipArchive([shouted]))).toEqual(WRITES_ACME);
    expect(await pushed(nupkgOf('ACME.CORE'))).toEqual(WRITES_ACME);
  });

  test('stored, without a declaration, with comments and an extra field', async () => {
    const content = '<!-- <id>Other</id> --><package><metadata><id >Acme.Core</id ></metadata></package>';
    const extra = Buffer.from([0x55, 0x54, 1, 0, 0]);
    expect(
      await pushed(zipArchive([{ name: 'acme.core.nuspec', content, stored: true, flags: 0x800, extra }])),
    ).toEqual(WRITES_ACME);
  });

  test('nothing may follow the form', async () => {
    const body = pushForm(acme);
    const requested = classify({ ...head('PUT', ''), hasBody: true, rawHeaders: TYPE });
    const found = requested.kind === 'in-body' ? await requested.read(body) : requested;
    const watch = found.kind === 'operations' ? found.plan?.watch : undefined;
    expect(watch?.()(body)).toBeUndefined();
    expect(watch?.()(Buffer.concat([body, Buffer.from('x')]))).toMatchObject({ kind: 'invalid' });
  });
});

const renamed = (name: string) => ({ name, content: nuspecText('Acme.Core') });
const end = acme.length - 22;
const patched = (at: number, ...bytes: readonly number[]): Buffer => {
  const copy = Buffer.from(acme);
  copy.set(bytes, at);
  return copy;
};

describe('a package is refused that', () => {
  test.each<[string, Buffer]>([
    ['is no archive', Buffer.from('no package')],
    ['is empty', Buffer.alloc(0)],
    ['is empty as an archive', zipArchive([])],
    ['is cut', acme.subarray(0, 100)],
    ['has no nuspec', zipArchive([{ name: 'a.txt', content: 'x' }])],
    ['has two nuspecs', nupkgOf('Acme.Core', nuspecFile('Other'))],
    ['has the same nuspec twice', nupkgOf('Acme.Core', nuspecFile('Acme.Core'))],
    ['has a second nuspec in other case', nupkgOf('Acme.Core', { ...renamed('x.NUSPEC') })],
    ['has a second nuspec with an escape', nupkgOf('Acme.Core', renamed('other%2Enuspec'))],
    ['has a second nuspec that folds to the same', nupkgOf('Acme.Core', renamed('other.nuſpec'))],
    [
      'names another nuspec before the file',
      nupkgOf('Acme.Core', { ...renamed('a'), localName: 'b.nuspec' }),
    ],
    ['has a nuspec of another name', zipArchive([renamed('Other.nuspec')])],
    [
      'has a nuspec whose id differs',
      zipArchive([{ ...renamed('Acme.Core.nuspec'), content: nuspecText('Other') }]),
    ],
    ['has a folder above', nupkgOf('Acme.Core', renamed('../other.nuspec'))],
    ['has the root as a folder', nupkgOf('Acme.Core', renamed('./other.nuspec'))],
    ['has an absolute name', nupkgOf('Acme.Core', renamed('/other.nuspec'))],
    ['has a backslash', nupkgOf('Acme.Core', renamed('a\\other.nuspec'))],
    ['has an escaped backslash', nupkgOf('Acme.Core', renamed('a%5Cother.nuspec'))],
    ['has an empty name', nupkgOf('Acme.Core', renamed(''))],
    ['has a NUL in a name', nupkgOf('Acme.Core', renamed('other.nuspec\0.txt'))],
    [
      'has a file that the directory does not list',
      zipArchive([nuspecFile('Acme.Core')], zipArchive([nuspecFile('Other')])),
    ],
    ['starts with another archive', Buffer.concat([nupkgOf('Other'), acme])],
    ['has another number of files', patched(end + 8, 2, 0, 2, 0)],
    ['has two numbers of files', patched(end + 8, 2)],
    ['has a directory elsewhere', patched(end + 16, 1)],
    ['is a part of several', patched(end + 4, 1)],
    ['has a nuspec that is longer than declared', zipArchive([{ ...nuspecFile('Acme.Core'), size: 20 }])],
    [
      'has a nuspec that is shorter than declared',
      zipArchive([{ ...nuspecFile('Acme.Core'), size: 20_000 }]),
    ],
    ['has an escape that is no UTF-8', nupkgOf('Acme.Core', renamed('other%FF%2Enuspec'))],
    [
      'has a file of which a streaming reader reads a part',
      nupkgOf('Acme.Core', { name: 'a', content: zipArchive([nuspecFile('Other')]), stored: true, size: 0 }),
    ],
    [
      'has a file behind the compressed nuspec',
      zipArchive([{ ...nuspecFile('Acme.Core'), trailing: zipArchive([nuspecFile('Other')]) }]),
    ],
    [
      'has another manifest in its relationships',
      zipArchive([
        relationshipsFile('/content/other.xml'),
        nuspecFile('Acme.Core'),
        { name: 'content/other.xml', content: nuspecText('Other') },
      ]),
    ],
    [
      'has a bomb as relationships',
      zipArchive([
        nuspecFile('Acme.Core'),
        { name: '_rels/.rels', content: Buffer.alloc(64 * 1024 ** 2), size: 500 },
      ]),
    ],
    [
      'has a bomb as nuspec',
      zipArchive([{ name: 'acme.core.nuspec', content: Buffer.alloc(64 * 1024 ** 2), size: 500 }]),
    ],
  ])('%s', async (_case, nupkg) => expect(await pushed(nupkg)).toEqual(['request_malformed']));

  test('ends before the form', async () => {
    expect(await push(pushForm(acme).subarray(0, -60))).toEqual(['request_malformed']);
  });

  test.each(['Other.1.0.0.nupkg', 'Acme.Core.nupkg', 'Acme.Core.Other.1.0.0.nupkg', 'Acme.Core.1.0.0.zip'])(
    'has the file name %s',
    async (filename) =>
      expect(await push(pushForm(acme, `form-data; name="package"; filename="${filename}"`))).toEqual([
        'request_malformed',
      ]),
  );
});

const nuspec = (content: string | Buffer): Buffer => zipArchive([{ name: 'Acme.Core.nuspec', content }]);
const metadata = (content: string): Buffer => nuspec(`<package><metadata>${content}</metadata></package>`);

describe('every package must be granted for', () => {
  test.each<[string, Buffer]>([
    ['a nuspec in a folder', nupkgOf('Acme.Core', renamed('content/other.nuspec'))],
    ['sizes after the files', zipArchive([{ ...nuspecFile('Acme.Core'), flags: 8 }])],
    ['encryption', zipArchive([{ ...nuspecFile('Acme.Core'), flags: 1 }])],
    ['a Unicode path', nupkgOf('Acme.Core', { ...renamed('a'), extra: Buffer.from([0x75, 0x70, 1, 0, 1]) })],
    [
      'a broken extra field',
      nupkgOf('Acme.Core', { ...renamed('a'), extra: Buffer.from([0x55, 0x54, 9, 0]) }),
    ],
    ['a Zip64 archive', patched(end + 10, 0xff, 0xff)],
    ['an archive comment', Buffer.concat([patched(end + 20, 1), Buffer.from('x')])],
    ['the comment of a file', nupkgOf('Acme.Core', { name: 'a', content: '', comment: Buffer.from('x') })],
    [
      'Zip64 records in a file',
      nupkgOf('Acme.Core', { name: 'a', content: 'PK\x06\x06 PK\x06\x07', stored: true }),
    ],
    ['relationships in pieces', nupkgOf('Acme.Core', { name: '_RELS/.rels/[0].piece', content: '' })],
    ['a nuspec in pieces', nupkgOf('Acme.Core', { name: 'acme.core.nuspec/[0].piece', content: '' })],
    [
      'relationships that are no plain XML',
      zipArchive([
        nuspecFile('Acme.Core'),
        { ...relationshipsFile('/a'), content: '<!DOCTYPE x><Relationships/>' },
      ]),
    ],
    ['a long nuspec', nuspec(Buffer.alloc(1024 ** 2 + 1, ' '))],
    ['two ids', metadata('<id>Acme.Core</id><id>Other</id>')],
    ['an id in other case', metadata('<id>Acme.Core</id><ID>Other</ID>')],
    ['an id with a prefix', metadata('<id>Acme.Core</id><n:id>Other</n:id>')],
    ['an id in parts', metadata('<id>Acme.<!-- x -->Core</id>')],
    ['an id with an element', metadata('<id>Acme.Core<x/></id>')],
    ['an id with blanks', metadata('<id> Acme.Core</id>')],
    ['an id with a reference', metadata('<id>Acme&#46;Core</id>')],
    ['an id outside ASCII', metadata('<id>Acmé</id>')],
    ['an empty id', metadata('<id/>')],
    ['a document type', nuspec('<!DOCTYPE package [<!ENTITY x "y">]><package/>')],
    ['a CDATA section', metadata('<description><![CDATA[<id>x</id>]]></description><id>Acme.Core</id>')],
    [
      'two elements metadata',
      nuspec('<package><metadata><id>Acme.Core</id></metadata><metadata/></package>'),
    ],
    ['two roots', nuspec('<package><metadata><id>Acme.Core</id></metadata></package><package/>')],
    [
      'another encoding',
      nuspec(`<?xml version="1.0" encoding="utf-7"?>${nuspecText('Acme.Core').slice(40)}`),
    ],
    ['UTF-16', nuspec(Buffer.from(nuspecText('Acme.Core'), 'utf16le'))],
    [
      'a second package further down',
      nuspec(
        '<package><metadata><id>Acme.Core</id></metadata><files><package><metadata><id>Other</id></metadata></package></files></package>',
      ),
    ],
    ['an id further down', metadata('<id>Acme.Core</id><dependencies><id>Other</id></dependencies>')],
    ['an id in another namespace', metadata('<id xmlns="x">Acme.Core</id>')],
    [
      'an attribute of an end tag',
      nuspec('<package><metadata><id>Acme.Core</id x="y"></metadata></package>'),
    ],
    ['an attribute twice', metadata('<a x="1" x="2"/><id>Acme.Core</id>')],
    ['a NUL', metadata('<id>Acme.Core</id><a>\0</a>')],
    ['an unknown reference', metadata('<id>Acme.Core</id><a>&x;</a>')],
    ['a no-break space between attributes', metadata('<a\u00A0x="1"/><id>Acme.Core</id>')],
    ['text around the root', nuspec('<package><metadata><id>Acme.Core</id></metadata></package>x')],
    [
      'two encodings',
      nuspec(
        `<?xml version="1.0" standalone='encoding="utf-8"' encoding="utf-16"?><package><metadata><id>Acme.Core</id></metadata></package>`,
      ),
    ],
    ['deep nesting', metadata(`<id>Acme.Core</id>${'<a>'.repeat(40)}${'</a>'.repeat(40)}`)],
    ['an element that is not closed', nuspec('<package><metadata><id>Acme.Core</id>')],
  ])('%s', async (_case, nupkg) => expect(await pushed(nupkg)).toEqual(['write every']));

  test('a package beyond the limit', async () => {
    const large = pushForm(
      nupkgOf('Acme.Core', { name: 'a', content: Buffer.alloc(5 * 1024 ** 2), stored: true }),
    );
    expect(await push(large.subarray(0, 4 * 1024 ** 2))).toEqual(['write every']);
  });

  test.each<[string, readonly string[], string]>([
    ['no form', ['Content-Type', 'application/octet-stream'], ''],
    ['two types', [...TYPE, ...TYPE], ''],
    ['a content coding', [...TYPE, 'Content-Encoding', 'gzip'], ''],
    ['a query', TYPE, '?package=x'],
  ])('%s', async (_case, rawHeaders, query) =>
    expect(await push(pushForm(acme), `api/v2/package${query}`, [...rawHeaders])).toEqual(['write every']),
  );

  test('a form with another part', async () => {
    expect(await push(pushForm(acme, undefined, furtherPart(nupkgOf('Other'))))).toEqual(['write every']);
    expect(await push(pushForm(acme, 'form-data; name="package"'))).toEqual(['write every']);
  });
});
