/** P10 for feeds of packages: the name that is decided on is the one that a server reads in what it is sent. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestHead } from '../../src/core/request/request-head.ts';
import { parseTarget } from '../../src/http/request-target.ts';
import { packageProtocols } from '../support/protocols.ts';

const npm = packageProtocols.npm({ path: '/f/' });
const go = packageProtocols.go({ path: '/f/' });
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];

/** The one name that a request is about, and the path that is sent; undefined where it is refused or names none. */
function decided(
  { classify }: typeof npm,
  method: string,
  target: string,
): { readonly name: string; readonly sent: string } | undefined {
  const parsed = parseTarget(`/f/${target}`);
  if ('kind' in parsed) return undefined;
  const asked = classify({
    ...parsed,
    method,
    host: 'h',
    hasBody: false,
    rawHeaders: [],
  } satisfies RequestHead);
  const [operation] = asked.kind === 'operations' ? asked.operations : [];
  if (operation?.extent !== 'one') return undefined;
  return { name: operation.resource, sent: parsed.path.slice('/f/'.length) };
}

function targets(...pieces: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, fc.string({ maxLength: 3 })), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
}

/** A reader that decodes every escape first and then splits at slashes. */
function npmDecodedFirst(sent: string): string {
  const parts = decodeURIComponent(sent).split('/');
  const after = parts[0] === '-' ? parts.slice(parts[1] === 'package' ? 2 : 4) : parts;
  const name = after[0]?.startsWith('@') === true ? after.slice(0, 2).join('/') : (after[0] ?? '');
  return parts[2] === 'v1' ? name.replace(/(?!^)@.*/, '') : name;
}

/** A reader that splits into segments and decodes each, as Express does; a scope's slash counts as escaped (Verdaccio). */
function npmBySegments(sent: string): string {
  const scoped = sent.replace(/^((?:-\/package\/|-\/npm\/v1\/attestations\/)?@[^/%]+)\//, '$1%2f');
  const parts = scoped.split('/').map(decodeURIComponent);
  const name = (parts[0] === '-' ? parts[parts[1] === 'package' ? 2 : 4] : parts[0]) ?? '';
  return parts[2] === 'v1' ? name.replace(/(?!^)@.*/, '') : name;
}

test('npm', () => {
  const target = targets(
    '@acme',
    '%40acme',
    '/',
    '/',
    '%2f',
    '%2F',
    'ui',
    'ui',
    '-',
    '/-/',
    'ui-1.0.0.tgz',
    '1.0.0',
    '@',
    '.',
    '..',
    '%2e',
    '-/package/',
    '-/npm/v1/attestations/',
    '/dist-tags',
    '/-rev/1',
    'UI',
    '~',
    '%70',
    '%',
  );
  let names = 0;
  fc.assert(
    fc.property(fc.constantFrom(...METHODS), target, (method, text) => {
      const found = decided(npm, method, text);
      if (found === undefined) return;
      names += 1;
      expect([npmDecodedFirst(found.sent), npmBySegments(found.sent)]).toEqual([found.name, found.name]);
    }),
    { numRuns: 30_000 },
  );
  expect(names).toBeGreaterThan(300);
});

test('go', () => {
  const target = fc
    .tuple(
      fc.constantFrom('', 'example.com', 'sumdb/a.b/lookup/example.com'),
      targets(
        '/',
        '/',
        'lib',
        'lib',
        '!a',
        '!',
        'A',
        '%21a',
        '@',
        '/@v/list',
        '.',
        '..',
        '%2f',
        '+',
        '-',
        '~',
      ),
      fc.constantFrom('', '/@v/list', '/@latest', '/@v/v1.0.0.mod', '@v1.0.0'),
    )
    .map((parts) => parts.join(''));
  let names = 0;
  fc.assert(
    fc.property(fc.constantFrom(...METHODS), target, (method, text) => {
      const found = decided(go, method, text);
      if (found === undefined) return;
      names += 1;
      const escaped = /^(?:sumdb\/[^/]+\/lookup\/)?([^@]+?)(?:\/@|@)/.exec(found.sent)?.[1] ?? '';
      // One to one: the escaped form of the name is what stands there (golang.org/x/mod/module EscapePath).
      expect(found.name.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)).toBe(escaped);
      expect(found.name).not.toMatch(/[!@%]|\/\/|(^|\/)\.|\.(\/|$)/);
    }),
    { numRuns: 30_000 },
  );
  expect(names).toBeGreaterThan(300);
});
