import { describe, expect, test } from 'vitest';
import { readTree } from '../../../src/config/load/read-tree.ts';
import { toPlain } from '../../../src/config/load/plain-value.ts';

function read(text: string, env: Record<string, string> = {}) {
  const { root, problems } = readTree({ file: 'f.yaml', text }, env);
  return {
    value: root === undefined ? undefined : toPlain(root),
    problems: problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`),
  };
}

describe('YAML 1.2 core scalars', () => {
  test.each([
    ['a: text', 'text'],
    ['a: "20"', '20'],
    ['a: 20', 20],
    ['a: true', true],
    ['a: no', 'no'],
    ['a: 2027-01-01', '2027-01-01'],
    ['a: 12:30', '12:30'],
    ['a:', null],
    ['a: |\n  x\n  y\n', 'x\ny\n'],
    ["a: 'it''s'", "it's"],
    ['a: &x [1, 2]\n', [1, 2]],
  ])('%j', (text, value) => {
    expect(read(text)).toEqual({ value: { a: value }, problems: [] });
  });

  test('aliases stand for what their anchor holds', () => {
    expect(read('a: &x { b: [1] }\nc: *x\nd: *x\n').value).toEqual({
      a: { b: [1] },
      c: { b: [1] },
      d: { b: [1] },
    });
  });

  test('an anchor that is given again counts from there on', () => {
    expect(read('a: &x 1\nb: &y [*x]\nc: &x 2\nd: *x\ne: *y\n').value).toEqual({
      a: 1,
      b: [1],
      c: 2,
      d: 2,
      e: [1],
    });
  });
});

describe('what YAML offers beyond plain values is refused', () => {
  test.each([
    [
      'a: 1\na: 2\nb: 3\nb: 4',
      [
        '2:1 a: the key is given twice; first at f.yaml:1:1',
        '4:1 b: the key is given twice; first at f.yaml:3:1',
      ],
    ],
    ['x: { a: 1, a: 2 }', ['1:12 x.a: the key is given twice; first at f.yaml:1:6']],
    ['b: &x { c: 1 }\na:\n  <<: *x\n', ['3:3 a: merge keys (<<) are not supported; write the keys out']],
    ['a: !env X', ['1:9 a: tags (!name) are not supported; remove it']],
    ['a: !!str 1', ['1:10 a: tags (!name) are not supported; remove it']],
    ['a: !!set { x }', ['1:10 a: tags (!name) are not supported; remove it']],
    ['1: a', ['1:1 : a key must be text; put 1 in quotes']],
    ['a: { true: 1 }', ['1:6 a: a key must be text; put true in quotes']],
    ['? [a]\n: 1', ['1:3 : a key must be plain text']],
    ['a: *x', ['1:4 a: the alias *x has no complete anchor &x before it']],
    ['a: &x [*x]', ['1:8 a[0]: the alias *x has no complete anchor &x before it']],
    [
      'a: 1\n---\nb: 2',
      ['2:1 : not valid YAML: a file holds one document; remove the "---", or split the file'],
    ],
    ['%YAML 1.1\n---\na: no', ['1:1 : not valid YAML: directives (%…) are not supported; remove the line']],
    ['a:\n\tb: 1', ['2:1 : not valid YAML: indentation must be spaces, not tabs']],
    [
      'a: [1',
      ['1:6 : not valid YAML: the indentation does not match the lines above, or a bracket is not closed'],
    ],
    [
      'a: [{claims.project_path}/**]',
      [
        '1:26 : not valid YAML: this character is not expected here; put a value with {, }, [, ] or * in quotes',
      ],
    ],
    ['a: "x', ['1:6 : not valid YAML: a character is missing']],
    ['', ['1:1 : is empty: a configuration starts with "version: 1"']],
    ['# only a comment\n', ['1:1 : is empty: a configuration starts with "version: 1"']],
    ['---\n', ['1:1 : is empty: a configuration starts with "version: 1"']],
    ['a: \u0000', ['1:4 : holds a control character; is this a text file?']],
    ['"${X}": 1', ['1:1 : variables are put into values only, not into keys']],
  ])('%j', (text, expected) => {
    expect(read(text).problems).toEqual(expected.map((start) => expect.stringContaining(start)));
  });

  test('a variable that ends a flow mapping is explained', () => {
    expect(read('a: { b: ${X}, c: 1 }').problems.join()).toContain('put variables in quotes: "${NAME}"');
  });

  test('one message for a syntax error, not its echoes', () => {
    expect(read('a: ]\nb: ]\nc: }\n').problems).toHaveLength(1);
  });
});

describe('variables', () => {
  const env = {
    HOST: 'db.internal',
    PORT: '8443',
    EMPTY: '',
    ON: 'true',
    YAML: '"}\nb: {c: 1}',
    ZEROS: '007',
    BIG: '9007199254740993',
  };
  test.each([
    ['a: ${HOST}', 'db.internal'],
    ['a: https://${HOST}:${PORT}/', 'https://db.internal:8443/'],
    ['a: ${PORT}', 8443],
    ['a: "${PORT}"', '8443'],
    ['a: ${ON}', true],
    ["a: '${ON}'", 'true'],
    ['a: ${ZEROS}', '007'],
    ['a: ${BIG}', '9007199254740993'],
    ['a: ${NONE:-default}', 'default'],
    ['a: ${NONE:-8080}', 8080],
    ['a: ${NONE:-}', ''],
    ['a: ${EMPTY:-default}', 'default'],
    ['a: ${EMPTY}', ''],
    ['a: ${HOST:-x}', 'db.internal'],
    ['a: $${HOST}', '${HOST}'],
    ['a: $$${HOST}', '$${HOST}'],
    ['a: $HOST costs $5', '$HOST costs $5'],
    ['a: |-\n  x ${HOST}\n', 'x db.internal'],
    ['a: ${YAML}', '"}\nb: {c: 1}'],
    ['a: "${YAML}"', '"}\nb: {c: 1}'],
    ['# ${NONE}\na: 1', 1],
  ])('%j', (text, value) => {
    expect(read(text, env)).toEqual({ value: { a: value }, problems: [] });
  });

  test.each([
    ['a: ${NONE}', 'the environment variable NONE is not set; set it, or give a default: ${NONE:-…}'],
    ['a: ${toString}', 'the environment variable toString is not set'],
    ['a: ${}', 'a variable is written ${NAME}'],
    ['a: ${1X}', 'a variable is written ${NAME}'],
    ['a: ${HOST', 'a variable is written ${NAME}'],
    ['a: ${NONE:-${HOST}}', 'a variable is written ${NAME}'],
    ['a: ${HOST:=x}', 'a variable is written ${NAME}'],
  ])('%j is refused', (text, message) => {
    expect(read(text, env).problems.join()).toContain(message);
  });
});
