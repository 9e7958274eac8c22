import { expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const list = (body: string): string => configuration({ jobTokenAllowlist: `{ ${body} }` });

test('comes out as written', () => {
  const yaml = list('acme/base-images: [acme/payments, "acme/web/*", "acme/**", id:7], id:42: []');
  expect(accepted(yaml).jobTokenAllowlist).toEqual({
    'acme/base-images': ['acme/payments', 'acme/web/*', 'acme/**', 'id:7'],
    'id:42': [],
  });
  expect(accepted(configuration()).jobTokenAllowlist).toEqual({});
});

test('has no effect on the types of this version', () => {
  expect(warningsOf(list('acme/a: [acme/b]'))).toEqual([
    expect.stringContaining(
      'jobTokenAllowlist: has no effect: it binds services of type oci, git and gitlab',
    ),
  ]);
  expect(warningsOf(list(''))).toEqual([]);
});

test.each([
  ['acme/a: [payments]', 'never matches: the path of a project has its group in it'],
  ['acme/a: ["*"]', 'never matches: the path of a project has its group in it'],
  ['acme/a: [acme/]', 'must not start or end with /; a whole group is written group/**'],
  ['acme/a: [/acme/b]', 'must not start or end with /'],
  ['acme/a: [acme//b]', 'never matches: paths have no empty segments'],
  ['acme/a: [acme/../b]', 'never matches: paths have no dot segments'],
  ['acme/a: ["acme/***"]', '"***" is not a wildcard'],
  ['acme/a: ["acme/{claims.x}"]', '"{" is not allowed in a project path'],
  ['acme/a: ["acme/b?"]', '"?" is not allowed in a project path'],
  ['acme/a: ["id:*"]', 'must be id: and the number of a project, such as id:42'],
  ['acme/a: [id:007]', 'must be id: and the number of a project'],
  ['acme/a: [""]', 'must not be empty'],
])('%s', (body, message) => {
  expect(errorsOf(list(body))).toEqual([
    expect.stringContaining(`jobTokenAllowlist["acme/a"][0]: ${message}`),
  ]);
});

test('targets', () => {
  expect(errorsOf(list('acme/../b: []'))).toEqual([
    expect.stringContaining('jobTokenAllowlist["acme/../b"]: never matches: paths have no dot segments'),
  ]);
  expect(errorsOf(list('acme/a: [], Acme/A: []'))).toEqual([
    expect.stringMatching(
      /jobTokenAllowlist\["Acme\/A"\]: is the same project as "acme\/a" \(\S+\); put both/,
    ),
  ]);
});

test.each(['**', '**/**', '*/**'])('%s lets every project in', (source) => {
  expect(warningsOf(list(`acme/a: ["${source}"]`))).toContainEqual(
    expect.stringContaining('jobTokenAllowlist["acme/a"][0]: lets the job tokens of every project in'),
  );
});
