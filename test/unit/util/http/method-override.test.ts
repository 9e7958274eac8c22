import { expect, test } from 'vitest';
import { createMultipartOverride } from '../../../../src/util/http/multipart-override.ts';
import { createUrlencodedOverride } from '../../../../src/util/http/urlencoded-override.ts';

const DISPOSITION =
  '--b\r\nContent-Disposition: form-data; x=1;\r\n name="%5Fmethod"\r\n\r\nDELETE\r\n--b--\r\n';

test.each([
  ['urlencoded', createUrlencodedOverride, `x=1&${'+'.repeat(500)}%20%5B_%6dethod%5B%5D=DELETE`],
  ['multipart', createMultipartOverride, DISPOSITION],
  [
    'multipart, Content-ID',
    createMultipartOverride,
    '--b\r\nContent-ID:\t_method\r\n\r\nDELETE\r\n--b--\r\n',
  ],
])('an override is found wherever the chunks are split: %s', (_, create, text) => {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at <= bytes.length; at += 1) {
    const find = create();
    expect([find(bytes.subarray(0, at)), find(bytes.subarray(at))], `at ${at}`).toContain(true);
  }
  const find = create();
  expect([...bytes].some((byte) => find(Buffer.from([byte])))).toBe(true);
});
