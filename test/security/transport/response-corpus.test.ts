/** N1: responses that only one of two parsers accepts: minimised failures of the fuzz, and the listed rules (threats.md). */
import { describe, expect, test } from 'vitest';
import { compareReaders } from '../../support/fuzz/compare-readers.ts';
import { readWithLlhttp } from '../../support/fuzz/llhttp-reader.ts';
import { readWithOwnParser } from '../../support/fuzz/own-reader.ts';
import { REFUSAL_RULES } from '../../support/fuzz/refusal-rules.ts';
import type { ResponseCase } from '../../support/fuzz/response-case.ts';

/** Minimised failures of test/faults/response-fuzz.test.ts. */
const CORPUS: readonly (ResponseCase & { readonly title: string })[] = [
  {
    title: 'two equal Content-Lengths',
    requests: ['GET'],
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok',
    cuts: [],
  },
  {
    title: 'equal Content-Lengths of a 304',
    requests: ['GET'],
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n',
    cuts: [],
  },
  {
    title: 'a tab after chunked',
    requests: ['GET'],
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    cuts: [],
  },
  {
    title: 'reuse after Proxy-Connection: close',
    requests: ['GET', 'GET'],
    bytes:
      'HTTP/1.1 204 No Content\r\nProxy-Connection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    cuts: [52],
  },
  {
    title: 'reuse after a HEAD without framing',
    requests: ['HEAD', 'GET'],
    bytes: 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    cuts: [19],
  },
  {
    title: 'an interim response with Connection: close',
    requests: ['GET'],
    bytes: 'HTTP/1.1 100\r\nConnection:close\r\n\r\nHTTP/1.1 200\r\n\r\n',
    cuts: [],
  },
];

test.each(CORPUS)('N1 both parsers agree: $title', async (input) => {
  expect((await compareReaders(input)).problem).toBeUndefined();
});

describe('N1 a response that only the gateway refuses', () => {
  test.each(REFUSAL_RULES)('$rule', async ({ detail, example }) => {
    for (const cuts of [[], Array.from({ length: example.length }, (_, at) => at)]) {
      const input: ResponseCase = { requests: ['GET'], bytes: example, cuts };
      const [own, llhttp] = [readWithOwnParser(input), await readWithLlhttp(input)];
      expect(own.at(-1)).toMatchObject({ kind: 'refused', detail: expect.stringMatching(detail) as unknown });
      expect(llhttp.at(-1)?.kind).toBe('accepted');
    }
  });
});
