/**
 * R6: the package that is authorized is the one that dpkg-deb and rpm read in the uploaded file. Mutated packages are given
 * to both; where the gateway finds one name, the program finds the same one or refuses the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect } from 'vitest';
import { packageProtocols } from '../support/protocols.ts';
import { controlFile, debPackage, tarArchive } from '../support/deb-archive.ts';
import { buildDeb } from '../support/debian-repository.ts';
import { needs } from '../support/needs.ts';
import { buildRpm } from '../support/rpm-repository.ts';
import { run } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool, type Tool } from '../support/tools.ts';
import { headsAt } from '../unit/protocols/request-heads.ts';

const RUNS = 250;
const { path: folder, close } = temporaryFolder('package-files');
afterAll(close);

/** Bytes with a meaning in these formats, and the parts of names. */
const BYTES = fc.oneof(
  fc.constantFrom(...Buffer.from('\0\n\r :/.-_`!0157acmeother')),
  fc.integer({ min: 0, max: 255 }),
);

interface Mutation {
  readonly kind: 'set' | 'insert' | 'remove' | 'copy';
  readonly at: number;
  readonly byte: number;
  readonly length: number;
  readonly from: number;
}

function mutations(size: number): fc.Arbitrary<readonly Mutation[]> {
  const offset = fc.integer({ min: 0, max: size - 1 });
  const mutation = fc.record({
    kind: fc.constantFrom('set', 'set', 'insert', 'remove', 'copy'),
    at: offset,
    byte: BYTES,
    length: fc.constantFrom(1, 2, 16, 60, 512, 1024),
    from: offset,
  }) as fc.Arbitrary<Mutation>;
  return fc.array(mutation, { minLength: 1, maxLength: 3 });
}

function mutate(file: Buffer, changes: readonly Mutation[]): Buffer {
  return changes.reduce((bytes, { kind, at, byte, length, from }) => {
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (kind) {
      case 'set':
        return Buffer.concat([before, Buffer.from([byte]), after.subarray(1)]);
      case 'insert':
        return Buffer.concat([before, Buffer.from([byte]), after]);
      case 'remove':
        return Buffer.concat([before, after.subarray(length)]);
      case 'copy':
        return Buffer.concat([before, bytes.subarray(from, from + length), after]);
      default:
        return kind satisfies never;
    }
  }, file);
}

/** The only package for which the upload needs a grant; undefined if it is refused or needs more. */
async function authorized(type: 'deb' | 'rpm', body: Buffer): Promise<string | undefined> {
  const path = type === 'deb' ? 'pool/a/b/upload' : 'upload';
  const upload = packageProtocols[type]({ path: '/' }).classify(headsAt('h', '/')('PUT', path));
  if (upload.kind !== 'in-body') throw new Error(upload.kind);
  const found = await upload.read(body.subarray(0, upload.maxBytes));
  if (found.kind !== 'operations' || found.plan?.watch?.()(body) !== undefined) return undefined;
  const [operation, ...more] = found.operations;
  return operation?.extent === 'one' && more.length === 0 ? operation.resource : undefined;
}

/** `files`: mutated files. Fails unless both read the same name often enough. */
async function expectAgreement(
  type: 'deb' | 'rpm',
  files: fc.Arbitrary<Buffer>,
  readName: (file: string) => Promise<string | undefined>,
): Promise<void> {
  const file = join(folder, `mutated.${type}`);
  let agreed = 0;
  await fc.assert(
    fc.asyncProperty(files, async (body) => {
      const name = await authorized(type, body);
      if (name === undefined) return;
      writeFileSync(file, body);
      const read = await readName(file);
      expect(read === undefined || read === name, `${name} is read as ${read}`).toBe(true);
      if (read !== undefined) agreed += 1;
    }),
    { numRuns: RUNS },
  );
  expect(agreed).toBeGreaterThan(RUNS / 20);
}

async function outputOf(tool: Tool, ...args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await run(findTool(tool) ?? tool, args);
  return code === 0 ? stdout.replace(/\n$/, '') : undefined;
}

/** The file with mutations in its first bytes. */
function mutated(original: Buffer, size: number): fc.Arbitrary<Buffer> {
  return mutations(size).map((changes) => mutate(original, changes));
}

const readDeb = (file: string) => outputOf('dpkg-deb', '--field', file, 'Package');

needs('dpkg-deb').describe('a .deb file', () => {
  const { test } = needs();

  test('with a mutated control file', async () => {
    const text = Buffer.from(controlFile('acme'));
    const files = mutated(text, text.length).map((content) =>
      debPackage({ name: 'control.tar', content: tarArchive([{ name: './control', content }]) }),
    );
    await expectAgreement('deb', files, readDeb);
  }, 120_000);

  test('with mutated members', async () => {
    const names = fc.constantFrom(
      'control',
      './control',
      './',
      'CONTROL',
      'control/',
      'x',
      './/control',
      './x/control',
    );
    const contents = fc.constantFrom('acme', 'other').map(controlFile);
    const entries = fc.array(
      fc.record({ name: names, content: contents, type: fc.constantFrom('0', '5', '2', 'x', 'L', '\0') }),
      { maxLength: 2 },
    );
    const files = entries.chain((more) => {
      const control = { name: './control', content: controlFile('acme') };
      const content = tarArchive([control, ...more]);
      const file = debPackage({ name: 'control.tar', content });
      return fc.oneof(fc.constant(file), mutated(file, content.length));
    });
    await expectAgreement('deb', files, readDeb);
  }, 120_000);

  test('of dpkg-deb, mutated', async () => {
    const original = readFileSync(await buildDeb(folder, 'acme', 'none'));
    // The folder `./`, the control file, the end of the archive, the data.
    await expectAgreement('deb', mutated(original, original.length), readDeb);
  }, 120_000);
});

needs('rpm', 'rpmbuild').test(
  'an RPM file, mutated',
  async () => {
    const original = readFileSync(await buildRpm(folder, 'acme'));
    const options = ['--query', '--package', '--nosignature', '--nodigest', '--queryformat', '%{NAME}'];
    await expectAgreement('rpm', mutated(original, original.length), (file) =>
      outputOf('rpm', ...options, file),
    );
  },
  120_000,
);
