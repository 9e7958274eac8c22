/** R6: the package that is authorized is the one that other readers of zip archives find in a pushed NuGet package. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect } from 'vitest';
import { packageProtocols } from '../support/protocols.ts';
import { needs } from '../support/needs.ts';
import {
  nuspecFile,
  nuspecText,
  PUSH_TYPE,
  pushForm,
  relationshipsFile,
  zipArchive,
  type ZipFile,
} from '../support/nuget-archive.ts';
import { createNupkgReaders } from '../support/nupkg-readers.ts';
import { needsPython } from '../support/python.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { headsAt } from '../unit/protocols/request-heads.ts';

const RUNS = 3_000;
const { path: folder, close } = temporaryFolder('nupkg-files');
afterAll(close);

/** The only package for which the push needs a grant; undefined if it is refused or needs more. */
async function authorized(nupkg: Buffer): Promise<string | undefined> {
  const head = headsAt('h', '/')('PUT', 'api/v2/package');
  const push = packageProtocols
    .nuget({ path: '/' })
    .classify({ ...head, hasBody: true, rawHeaders: ['Content-Type', PUSH_TYPE] });
  if (push.kind !== 'in-body') throw new Error(push.kind);
  const found = await push.read(pushForm(nupkg));
  if (found.kind !== 'operations') return undefined;
  const [operation, ...more] = found.operations;
  return operation?.extent === 'one' && more.length === 0 ? operation.resource : undefined;
}

const PIECES = [
  '<package>',
  '</package>',
  '<metadata>',
  '</metadata>',
  '<id>Other</id>',
  '<ID>Other</ID>',
  '<metadata><id>Other</id></metadata>',
  '<!--',
  '-->',
  '<?x?>',
  ' xmlns="b"',
  '<![CDATA[Other]]>',
  '&#79;',
  'Other',
  '\0',
  '"',
  '>',
];

/** A nuspec of Acme.Core with one piece inserted. */
const nuspec = fc
  .tuple(fc.constantFrom('', ...PIECES), fc.nat(nuspecText('Acme.Core').length))
  .map(([piece, at]): ZipFile => {
    const text = nuspecText('Acme.Core');
    return { name: 'Acme.Core.nuspec', content: text.slice(0, at) + piece + text.slice(at) };
  });

const other: fc.Arbitrary<ZipFile> = fc
  .record({
    name: fc.constantFrom(
      'a',
      'Other.nuspec',
      'OTHER.NUSPEC',
      'Other%2Enuspec',
      'b/Other.nuspec',
      'a.nuspec/',
    ),
    stored: fc.boolean(),
    flags: fc.constantFrom(0, 0x800, 8, 1),
    nested: fc.boolean(),
    size: fc.option(fc.nat(2_000), { nil: undefined, freq: 4 }),
    comment: fc.constantFrom('', 'x', 'PK\x05\x06'),
  })
  .map(({ nested, size, comment, ...file }) => ({
    ...file,
    ...(size !== undefined && { size }),
    content: nested ? zipArchive([nuspecFile('Other')]) : nuspecText('Other'),
    comment: Buffer.from(comment),
  }));

/** An archive with a few changed bytes, most of them in the directory. */
const archives = fc
  .record({
    nuspec: fc.oneof({ weight: 3, arbitrary: fc.constant(nuspecFile('Acme.Core')) }, nuspec),
    others: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(other, { maxLength: 2 })),
    first: fc.boolean(),
    related: fc.boolean(),
    changes: fc.array(
      fc.record({ fromEnd: fc.nat(400), byte: fc.constantFrom(0, 1, 8, 0x50, 0x4b, 5, 6, 0xff) }),
      {
        maxLength: 2,
      },
    ),
  })
  .map(({ nuspec: file, others, first, related, changes }) => {
    const plain = related ? [relationshipsFile('/Acme.Core.nuspec'), file] : [file];
    const bytes = zipArchive(first ? [...others, ...plain] : [...plain, ...others]);
    for (const { fromEnd, byte } of changes) bytes[Math.max(0, bytes.length - 1 - fromEnd)] = byte;
    return bytes;
  });

needsPython.describe('a mutated package', () => {
  needs('go').test(
    'is the same one to every reader, or refused',
    async () => {
      const readers = await createNupkgReaders(folder);
      const accepted: string[] = [];
      for (const [i, bytes] of fc.sample(archives, RUNS).entries()) {
        const name = await authorized(bytes);
        if (name === undefined) continue;
        expect(name).toBe('acme.core');
        const file = join(folder, `${i}.nupkg`);
        writeFileSync(file, bytes);
        accepted.push(file);
      }
      expect(accepted.length).toBeGreaterThan(RUNS / 50);
      for (const reader of readers) {
        const ids = await reader.read(accepted);
        expect(ids).toHaveLength(accepted.length);
        expect([...new Set(ids)].filter((id) => id !== '' && id.toLowerCase() !== 'acme.core')).toEqual([]);
        expect(ids.filter((id) => id !== '').length, reader.name).toBeGreaterThan(accepted.length / 2);
      }
    },
    120_000,
  );
});
