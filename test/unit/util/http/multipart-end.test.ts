import { describe, expect, test } from 'vitest';
import { watchLastPart } from '../../../../src/util/http/multipart-end.ts';

const HEAD = '--b0\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n';

/** What is said of a body that comes in pieces of this size. */
function objection(rest: string, size: number): string | undefined {
  const body = Buffer.from(HEAD + rest, 'latin1');
  const watch = watchLastPart('b0', HEAD.length);
  for (let at = 0; at < body.length; at += size) {
    const said = watch(body.subarray(at, at + size));
    if (said !== undefined) return said.detail;
  }
  return undefined;
}

const sizes = [1, 2, 3, 5, 7, 64, 1_000];

describe('the last part of a form', () => {
  test.each([
    ['a file', 'PK\r\n--b0--\r\n'],
    ['no last line end', 'PK\r\n--b0--'],
    ['an empty file', '--b0--\r\n'],
    ['an empty file with a line end', '\r\n--b0--\r\n'],
    ['text that resembles a boundary', 'PK\r\n--b1\r\n--b\r\n-b0\r\n--b0--\r\n'],
    ['one that is not there yet', 'PK\r\n--b'],
  ])('%s is well, however it is cut', (_name, rest) => {
    for (const size of sizes) expect(objection(rest, size)).toBeUndefined();
  });

  test.each([
    ['another part', 'PK\r\n--b0\r\nContent-Disposition'],
    ['a boundary that begins like it', 'PK\r\n--b01\r\n'],
    ['white space behind the boundary', 'PK\r\n--b0 \r\n'],
    ['a boundary behind a line feed', 'PK\n--b0--\r\n'],
    ['a boundary in a line', 'PK--b0--\r\n'],
    ['an epilogue', 'PK\r\n--b0--\r\nmore'],
    ['a second end', 'PK\r\n--b0--\r\n--b0--\r\n'],
    ['half a line end', 'PK\r\n--b0--\n'],
  ])('%s is not, however it is cut', (_name, rest) => {
    for (const size of sizes) expect(objection(rest, size)).toBeDefined();
  });
});
