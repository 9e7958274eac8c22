import { describe, expect, test } from 'vitest';
import { readHead } from '../../../src/http/read-head.ts';

function read(...rawHeaders: readonly string[]): string {
  const head = readHead({ method: 'GET', url: '/', httpVersion: '1.1', rawHeaders: [...rawHeaders] }, 100);
  return 'kind' in head ? `${head.reason}: ${head.detail}` : `host ${head.host}`;
}

const HOST = ['Host', 'a.example.com'];

test('the host is lowercase', () =>
  expect(read('host', 'A.Example.com:8443')).toBe('host a.example.com:8443'));

describe('malformed', () => {
  test.each([
    ['no Host', [], 'a missing or invalid Host'],
    ['two equal Hosts', [...HOST, ...HOST], 'more than one Host'],
    ['two Hosts', [...HOST, 'HOST', 'b.example.com'], 'more than one Host'],
    ['an invalid Host', ['Host', 'a.example.com@b'], 'a missing or invalid Host'],
    ['Host with another separator', [...HOST, 'Ho.st', 'b'], undefined],
    ['Content_Length', [...HOST, 'Content_Length', '0'], 'a header that reads as content-length'],
    [
      'Transfer.Encoding',
      [...HOST, 'Transfer.Encoding', 'chunked'],
      'a header that reads as transfer-encoding',
    ],
    ['Content_Type', [...HOST, 'Content_Type', 'text/plain'], 'a header that reads as content-type'],
    [
      'a length with a sign',
      [...HOST, 'Content-Length', '+1'],
      'a Content-Length that is not a usable number',
    ],
    [
      'a coding before chunked',
      [...HOST, 'Transfer-Encoding', 'gzip, chunked'],
      'a Transfer-Encoding other than chunked',
    ],
    ['another Expect', [...HOST, 'Expect', '200-ok'], 'an Expect other than 100-continue'],
  ])('%s', (_name, rawHeaders, detail) => {
    expect(read(...rawHeaders)).toBe(
      detail === undefined ? 'host a.example.com' : `request_malformed: ${detail}`,
    );
  });
});
