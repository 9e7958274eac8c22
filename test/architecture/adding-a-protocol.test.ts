/** What docs/guides/adding-a-protocol.md says of the one interface holds for every format, and for its worked example. */
import { describe, expect, test } from 'vitest';
import { packageServices } from '../../src/config/schema/services/packages.ts';
import { packageProtocols } from '../../src/protocols/index.ts';
import { readText, repositoryFiles } from '../support/repository.ts';

const page = readText('docs/guides/adding-a-protocol.md');
const files = await repositoryFiles();
const types = packageServices.map(({ shape }) => shape.type.value);

test('a format is a line in each of two files', () => {
  expect(Object.keys(packageProtocols).toSorted()).toEqual(types.toSorted());
});

test.each(types)('%s has a file, a table of requests, and no other room knows of it', (type) => {
  expect(
    files.filter(
      (file) => file === `src/protocols/${type}.ts` || file === `src/protocols/${type}/${type}.ts`,
    ),
  ).toHaveLength(1);
  expect(files).toContain(`test/unit/protocols/${type}.test.ts`);
  const asks = new RegExp(`(?:type\\s*[!=]==\\s*|case\\s+)'${type}'`);
  const rooms = files.filter(
    (file) => /^src\/.*\.ts$/.test(file) && !/^src\/(?:protocols|config)\//.test(file),
  );
  expect(rooms.length).toBeGreaterThan(50);
  expect(rooms.filter((file) => asks.test(readText(file)))).toEqual([]);
});

describe('the page', () => {
  test('tells of every member of the interface, and of no other', () => {
    const source = readText('src/core/request/protocol.ts');
    const [, body = ''] = /export interface Protocol \{(.*?)\n\}/s.exec(source) ?? [];
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, name]) => name);
    const told = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    expect(members.length).toBeGreaterThan(3);
    expect(told).toEqual(members);
  });

  test('says of Maven what its file says', () => {
    const { credentialSources, credentialQueryParameters, encodedSlash, challenge } = packageProtocols.maven({
      path: '/',
    });
    expect(credentialSources).toEqual(['basic', 'bearer', 'job-token', 'deploy-token', 'private-token']);
    expect([credentialQueryParameters, encodedSlash]).toEqual([[], undefined]);
    expect(challenge({ host: 'HOST', operations: [], error: undefined, status: 401 })).toBe(
      'Basic realm="HOST"',
    );
  });

  test('names functions that are there', () => {
    const source = readText('src/protocols/shared/package-operations.ts');
    for (const [, name] of page.matchAll(/^- `(\w+)\(/gm)) expect(source).toContain(`function ${name}(`);
  });
});
