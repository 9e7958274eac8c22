import { describe, expect, test } from 'vitest';
import { boundaryOf, readFormParts } from '../../../../src/util/http/multipart.ts';

describe('boundary', () => {
  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;boundary="a b"', undefined],
    ['multipart/form-data; boundary="a:b"', 'a:b'],
    [
      'multipart/form-data; boundary=------------------------d74496d66958873e',
      '------------------------d74496d66958873e',
    ],
    ['multipart/form-data; boundary=a; boundary=b', undefined],
    ['multipart/form-data; boundary=a; charset=utf-8', undefined],
    ['multipart/form-data', undefined],
    ['multipart/form-data; boundary=', undefined],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined],
    ['multipart/mixed; boundary=abc', undefined],
    ['text/plain, multipart/form-data; boundary=abc', undefined],
    // Rack and PHP read `a` of the first two, Rack `b` of the last two.
    ['multipart/form-data; boundary=a,b', undefined],
    ['multipart/form-data; boundary="a,b"', undefined],
    ['multipart/form-data; boundary=aboundary=b', undefined],
    ['multipart/form-data; boundary="aBoundary=b"', undefined],
    ['multipart/form-data; boundary="===============1=="', '===============1=='],
  ])('%s', (type, boundary) => expect(boundaryOf(type)).toBe(boundary));
});

const part = (disposition: string, value: string, more = ''): string =>
  `--b\r\nContent-Disposition: ${disposition}\r\n${more}\r\n${value}\r\n`;

function read(text: string): readonly string[] | undefined {
  const form = readFormParts(Buffer.from(text), 'b');
  return (
    form && [
      ...form.parts.map(
        ({ name, isFile, value, whole }) =>
          `${name}=${value.toString()}${isFile ? ' file' : ''}${whole ? '' : ' cut'}`,
      ),
      ...(form.closed ? [] : ['open']),
    ]
  );
}

describe('parts', () => {
  test.each<[string, string, readonly string[]]>([
    ['one', `${part('form-data; name="token"', 'x')}--b--\r\n`, ['token=x']],
    ['no last line end', `${part('form-data; name="token"', 'x')}--b--`, ['token=x']],
    [
      'several',
      `${part('form-data; name="a"', '1')}${part('form-data; name="a"', '2')}--b--`,
      ['a=1', 'a=2'],
    ],
    [
      'a file',
      `${part('form-data; name="f"; filename="x.bin"', 'x', 'Content-Type: text/plain\r\n')}--b--`,
      ['f=x file'],
    ],
    ['empty', `${part('form-data; name="a"', '')}--b--`, ['a=']],
    ['line ends in it', `${part('form-data; name="a"', '1\r\n--c\r\n')}--b--`, ['a=1\r\n--c\r\n']],
    ['letters', `${part('form-data; name="é"', 'ü')}--b--`, ['é=ü']],
    ['no parts', '--b--', []],
  ])('%s', (_name, body, fields) => expect(read(body)).toEqual(fields));

  test.each<[string, string, readonly string[]]>([
    [
      'within a value',
      `${part('form-data; name="a"', '1')}--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nabc`,
      ['a=1', 'f=abc file cut', 'open'],
    ],
    ['within a head', `${part('form-data; name="a"', '1')}--b\r\nContent-Dis`, ['a=1', 'open']],
    ['behind a delimiter', `${part('form-data; name="a"', '1')}--b`, ['a=1', 'open']],
    ['between CR and LF', `${part('form-data; name="a"', '1')}--b\r`, ['a=1', 'open']],
  ])('cut off %s', (_name, body, fields) => expect(read(body)).toEqual(fields));

  test.each([
    ['a preamble', `hello\r\n${part('form-data; name="a"', '1')}--b--`],
    ['an epilogue', `${part('form-data; name="a"', '1')}--b--\r\n--b\r\n`],
    ['bare line feeds', '--b\nContent-Disposition: form-data; name="a"\n\n1\n--b--'],
    ['a longer delimiter', '--bb\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--bb--'],
    ['blanks behind a delimiter', '--b \r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--'],
    [
      'a nested form',
      `${part('form-data; name="f"; filename="x"', 'x', 'Content-Type: multipart/mixed; boundary=c\r\n')}--b--`,
    ],
    [
      'a charset that is not ASCII',
      `${part('form-data; name="a"', 'x', 'Content-Type: text/plain; charset=utf-7\r\n')}--b--`,
    ],
    ['no disposition', '--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--'],
    [
      'two dispositions',
      `${part('form-data; name="a"', '1', 'Content-Disposition: form-data; name="b"\r\n')}--b--`,
    ],
    ['two names', `${part('form-data; name="a"; name="b"', '1')}--b--`],
    ['an escaped quote', `${part('form-data; name="a\\"b"', '1')}--b--`],
    ['a name without quotes', `${part('form-data; name=a', '1')}--b--`],
    ['a folded line', `${part('form-data;\r\n name="a"', '1')}--b--`],
    ['an encoding', `${part('form-data; name="a"', 'MQ==', 'Content-Transfer-Encoding: base64\r\n')}--b--`],
    ['another kind', `${part('attachment; name="a"', '1')}--b--`],
    ['a part without a value', `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n--b--`],
    ['a boundary between bare line feeds', `${part('form-data; name="a"', '1\n--b\nx')}--b--`],
    ['a boundary in the middle of a line', `${part('form-data; name="a"', '1--b\r\nx')}--b--`],
    ['a boundary in a name', `${part('form-data; name="--b"', '1')}--b--`],
    ['a boundary in a part that is cut off', `${part('form-data; name="a"', '1\n--b\nx').trimEnd()}`],
    ['a name without end', `--b\r\n${'x'.repeat(9_000)}`],
    ['nothing', ''],
  ])('not one reading: %s', (_name, body) => expect(read(body)).toBeUndefined());
});

test.each([
  ['filename="a b.whl"', 'a b.whl'],
  ['filename=""', ''],
  [`filename="a.whl"; filename*=utf-8''b.whl`, undefined],
  [`filename="a.whl"; filename*=utf-8''a.whl`, 'a.whl'],
  [`filename="%61.whl"; filename*=utf-8''%61.whl`, undefined],
])('the name of a file: %s', (filename, expected) => {
  const body = `${part(`form-data; name="f"; ${filename}`, 'x')}--b--`;
  expect(readFormParts(Buffer.from(body), 'b')?.parts[0]?.filename).toBe(expected);
});

describe('names without quotes, where the caller accepts them', () => {
  const names = (disposition: string) =>
    readFormParts(Buffer.from(`${part(disposition, 'x')}--b--`), 'b', { unquotedNames: true })?.parts.map(
      ({ name, filename }) => [name, filename],
    );

  test.each<[string, string, string | undefined]>([
    ["form-data; name=package; filename=a.nupkg; filename*=utf-8''a.nupkg", 'package', 'a.nupkg'],
    ['form-data; name=a', 'a', undefined],
    ['form-data; name="a; filename=b"', 'a; filename=b', undefined],
    ['form-data; name="a"; filename=b', 'a', 'b'],
  ])('%s', (disposition, name, filename) => expect(names(disposition)).toEqual([[name, filename]]));

  test.each([
    'form-data; name=a b',
    'form-data; name=a"b',
    'form-data; name=a; name=b',
    'form-data; name=é',
    'form-data; name=',
  ])('not one reading: %s', (disposition) => expect(names(disposition)).toBeUndefined());
});
