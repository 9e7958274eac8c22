import { describe, expect, test } from 'vitest';
import { configJsonSchema, loadConfig, formatProblem } from '../../../src/config/index.ts';
import { accepted, configuration, errorsOf, NOW, warningsOf, writeFiles } from './loading.ts';

const list = (...entries: readonly string[]): string =>
  configuration({ identities: `\n${entries.map((entry) => `  - ${entry}`).join('\n')}` });

const RELEASE =
  '{ name: release, issuer: gitlab, match: { project_id: "20", ref_protected: true }, roles: [reader] }';
const ANY = '{ name: any, issuer: gitlab, match: { project_id: "20" }, roles: [reader] }';

const section = (identities: string): string => `version: 1\nidentities:\n${identities}`;

/** `file:line:column: path: message` of a directory of files. */
function problemsOf(files: Readonly<Record<string, string>>): string[] {
  const folder = writeFiles(files);
  const result = loadConfig(folder, {}, NOW);
  return result.kind === 'loaded'
    ? []
    : result.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
}

describe('identities as a list', () => {
  test('keep their order, and are the same as a mapping', () => {
    const { identities } = accepted(list(RELEASE, ANY));
    expect(identities.map(({ name }) => name)).toEqual(['release', 'any']);
    const mapping = accepted(
      configuration({
        identities:
          '{ release: { issuer: gitlab, match: { project_id: "20", ref_protected: true }, roles: [reader] },' +
          ' any: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] } }',
      }),
    );
    expect(identities).toEqual(mapping.identities);
    expect(warningsOf(list(RELEASE, ANY))).toEqual([]);
  });

  test('names that look like array indexes keep the order of the list too', () => {
    const named = (name: string): string => RELEASE.replace('release', name);
    expect(
      accepted(list(named('"9"'), ANY.replace('any', '"1"'))).identities.map(({ name }) => name),
    ).toEqual(['9', '1']);
  });

  test('lists of several files are concatenated in file order', () => {
    const folder = writeFiles({
      '00-base.yaml': configuration().replace(/^identities:.*$/m, ''),
      '10-release.yaml': section(`  - ${RELEASE}`),
      '20-any.yaml': section(`  - ${ANY}`),
    });
    const result = loadConfig(folder, {}, NOW);
    expect(result.kind === 'loaded' && result.config.identities.map(({ name }) => name)).toEqual([
      'release',
      'any',
    ]);
  });

  test('a list in one file and a mapping in another are an error that names both places', () => {
    const files = {
      '00-base.yaml': configuration(),
      '10-list.yaml': section(`  - ${RELEASE}`),
    };
    expect(problemsOf(files)).toEqual([
      '10-list.yaml:2:1: identities: is a list here and a mapping at 00-base.yaml:4:1; write it in one form in all files',
    ]);
  });

  test('a repeated name is an error that names both places, in one file and in two', () => {
    expect(errorsOf(list(RELEASE, RELEASE))).toEqual([
      expect.stringMatching(
        /^6:13 identities\.release: the name is given twice; first at .*gatehouse\.yaml:5:13; give each identity its own name$/,
      ),
    ]);
    const files = {
      '00-base.yaml': configuration().replace(/^identities:.*$/m, ''),
      '10-a.yaml': section(`  - ${RELEASE}`),
      '20-b.yaml': section(`  - ${ANY}\n  - ${RELEASE}`),
    };
    expect(problemsOf(files)).toEqual([
      '20-b.yaml:4:13: identities.release: is also given at 10-a.yaml:3:13; give it in one file only',
    ]);
  });

  const cases: [what: string, entry: string, message: string][] = [
    [
      'no name',
      '{ issuer: gitlab, match: { project_id: "20" } }',
      '5:5 identities[0].name: is missing (Name of the identity)',
    ],
    [
      'a name that is no text',
      ANY.replace('any', '20'),
      '5:13 identities[0].name: must be text; put it in quotes',
    ],
    [
      'a name with a variable',
      ANY.replace('any', '"${X}"'),
      '5:13 identities[0].name: must be written out, without a variable',
    ],
    [
      'a name of JavaScript',
      ANY.replace('any', 'constructor'),
      '5:13 identities[0].name: cannot be "constructor"; choose another name',
    ],
    [
      'a name with a space',
      ANY.replace('any', 'a b'),
      '5:13 identities["a b"]: the key must be a name: letters',
    ],
    [
      'text instead of an entry',
      'payments',
      '5:5 identities[0]: must be a mapping with name, issuer and match',
    ],
    [
      'an unknown key',
      ANY.replace('roles', 'rols'),
      'identities.any.rols: unknown key; did you mean "roles"?',
    ],
    [
      'an unknown issuer',
      ANY.replace('gitlab', 'gitlob'),
      '5:26 identities.any.issuer: no issuer is named "gitlob"; did you mean "gitlab"?',
    ],
    [
      'a variable that is not set',
      ANY.replace('gitlab', '"${NO}"'),
      '5:26 identities.any.issuer: the environment variable NO is not set',
    ],
  ];
  test.each(cases)('%s', (_, entry, message) => {
    expect(errorsOf(list(entry), { X: 'x' })).toEqual([expect.stringContaining(message)]);
  });

  test('neither a list nor a mapping', () => {
    expect(errorsOf(configuration({ identities: 'payments' }))).toEqual([
      expect.stringContaining('identities: must be a list or a mapping of identities'),
    ]);
  });

  test('a mapping of identities has no key name', () => {
    expect(
      errorsOf(
        configuration({
          identities: '{ payments: { name: a, issuer: gitlab, match: { project_id: "20" } } }',
        }),
      ),
    ).toEqual([expect.stringContaining('identities.payments.name: unknown key')]);
  });

  test('other sections are mappings only', () => {
    expect(errorsOf(configuration({ roles: '[{ name: reader }]' }))[0]).toContain(
      'expected a mapping, found a list',
    );
  });

  test('the JSON Schema for editors has both forms', () => {
    const { properties } = configJsonSchema() as {
      properties: { identities: { anyOf: readonly Record<string, unknown>[] } };
    };
    const [mapping, items] = properties.identities.anyOf;
    expect(mapping).toHaveProperty('additionalProperties');
    expect(items).toMatchObject({
      type: 'array',
      items: { required: expect.arrayContaining(['name', 'issuer', 'match']) as unknown },
    });
  });
});
