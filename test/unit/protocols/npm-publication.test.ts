import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { JsonScanner } from '../../../src/protocols/npm/json-scanner.ts';
import { headsAt } from './request-heads.ts';

const { classify } = packageProtocols.npm({ path: '/npm/' });
const head = headsAt('npm.example.com', '/npm/');

function scan(text: string, chunkLength = text.length): string | undefined {
  const scanner = new JsonScanner(64, () => undefined);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkLength) {
    const invalid = scanner.write(bytes.subarray(at, at + chunkLength));
    if (invalid !== undefined) return invalid.detail;
  }
  return undefined;
}

describe('the scanner', () => {
  test('accepts every JSON document, in pieces of any length', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.integer({ min: 1, max: 40 }), (text, length) => {
        expect(scan(`${text}\n`, length)).toBeUndefined();
      }),
    );
  });

  test('visits the values that JSON.parse finds, with their paths', () => {
    const visited: unknown[] = [];
    const scanner = new JsonScanner(8, (path, value) => {
      visited.push([[...path], value.kind === 'string' ? value.text : value.kind]);
      return undefined;
    });
    scanner.write(
      Buffer.from('{"a":{"b\\u0063":[1,"x",{"d":"\\u0065"}]},"f":null,"long member":"long string"}'),
    );
    expect(visited).toEqual([
      [[], 'object'],
      [['a'], 'object'],
      [['a', 'bc'], 'array'],
      [['a', 'bc', undefined], 'scalar'],
      [['a', 'bc', undefined], 'x'],
      [['a', 'bc', undefined], 'object'],
      [['a', 'bc', undefined, 'd'], 'e'],
      [['f'], 'scalar'],
      [['long member'], 'long string'],
    ]);
  });

  test('discards the text of strings longer than it keeps', () => {
    const visited: unknown[] = [];
    const scanner = new JsonScanner(1, (path, value) => void visited.push([...path, value]));
    scanner.write(Buffer.from(`{"${'k'.repeat(100)}":"${'v'.repeat(100)}"}`));
    expect(visited[1]).toEqual([undefined, { kind: 'string', text: undefined }]);
  });

  test.each([
    '{]',
    '[}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{,}',
    '{"a":1 "b":2}',
    '{"a":1:2}',
    '{1:2}',
    '{"a":01}',
    '{"a":+1}',
    '{"a":1.}',
    '{"a":NaN}',
    '{"a":True}',
    `{"a":${'1'.repeat(100)}x}`,
    "{'a':1}",
    '{"a":"\t"}',
    '{"a":"\\v"}',
    '{"a":"\\u12g4"}',
    '{"a":"\\u12"}',
    '{} {}',
    '{},',
    ']',
    ',',
    ':',
    '// x\n{}',
    '\u00a0{}',
    '['.repeat(1_001),
  ])('objects to %j', (text) => {
    expect(scan(text)).toBeTypeOf('string');
    expect(scan(text, 1)).toBeTypeOf('string');
  });

  test('objects to a short string that is not UTF-8', () => {
    const scanner = new JsonScanner(64, () => undefined);
    expect(scanner.write(Buffer.from('{"n\xffame":1}', 'latin1'))?.detail).toBe('not JSON');
  });
});

describe('a publication', () => {
  test.each([
    ['PUT', '@acme%2fui', true],
    ['PUT', '@acme%2fui/-rev/3-1', true],
    ['PUT', '-/package/@acme%2fui/dist-tags/next', true],
    ['POST', '-/package/@acme%2fui/dist-tags/next', true],
    ['DELETE', '@acme%2fui/-rev/3-1', false],
    ['DELETE', '-/package/@acme%2fui/dist-tags/next', false],
    ['GET', '@acme%2fui', false],
  ])('%s %s: the body is checked: %s', (method, target, checked) => {
    const requested = classify(head(method, target));
    expect(requested.kind === 'operations' && requested.plan?.watch !== undefined).toBe(checked);
  });

  test('the objection contains the package names of path and body', () => {
    const requested = classify(head('PUT', '@acme%2fui'));
    const watch = requested.kind === 'operations' ? requested.plan?.watch?.() : undefined;
    expect(watch?.(Buffer.from('{"name":"@other/ui"'))?.detail).toBe(
      'publication: the path names @acme/ui, the body\'s name is "@other/ui"',
    );
  });
});
