import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, loadConfigOffThread } from '../../../src/config/index.ts';
import { configuration, writeFiles } from './loading.ts';

const COUNT = 450;

function manyEntries(entry: (index: number) => string): string {
  return `\n${Array.from({ length: COUNT }, (_, index) => `  e${index}: ${entry(index)}\n`).join('')}`;
}

const LARGE = configuration({
  issuers: '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com } }',
  identities: manyEntries((n) => `{ issuer: gitlab, match: { project_id: "${n + 1}" }, roles: [e${n}] }`),
  roles: manyEntries(
    (n) => `[{ service: orders, scopes: [read_api], resources: ["/v1/${n}/**", "\${PLACE}"] }]`,
  ),
  deployTokens: manyEntries(
    (n) =>
      `{ username: "u${n}", secretHash: "sha256:${String(n).padStart(64, 'a')}", grants: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }] }`,
  ),
});

const ENV = { PLACE: '/v2/**' };

describe('a configuration that another thread loads', () => {
  test.each([
    ['a large one with warnings', LARGE, ENV],
    ['a small one', configuration(), {}],
    ['one with many problems', LARGE, {}],
    ['one that is no YAML', 'a: [', {}],
  ])('%s is the same as if this thread had loaded it', async (_, text, env) => {
    const file = join(writeFiles({ 'gatehouse.yaml': text }), 'gatehouse.yaml');
    expect(await loadConfigOffThread(file, env, 0)).toStrictEqual(loadConfig(file, env));
  });

  test('a small one is loaded by this thread', async () => {
    const folder = writeFiles({ 'gatehouse.yaml': configuration() });
    expect(await loadConfigOffThread(folder, {})).toStrictEqual(loadConfig(folder, {}));
  });

  test('a thread that cannot start rejects', async () => {
    const folder = writeFiles({ 'gatehouse.yaml': configuration() });
    const notCloneable = { PLACE: (() => '') as unknown as string };
    await expect(loadConfigOffThread(folder, notCloneable, 0)).rejects.toThrow();
  });
});
