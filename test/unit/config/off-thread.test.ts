import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createConfigLoader, loadConfig, type Config } from '../../../src/config/index.ts';
import type { LoadResult } from '../../../src/config/load/load.ts';
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

function configOf(result: LoadResult): Config {
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join());
  return result.config;
}

const ENV = { PLACE: '/v2/**' };

describe('a configuration that another thread loads', () => {
  test.each([
    ['a large one with warnings', LARGE, ENV],
    ['a small one', configuration(), {}],
    ['one with many problems', LARGE, {}],
    ['one that is no YAML', 'a: [', {}],
  ])('%s is the same as if this thread had loaded it', async (_, text, env) => {
    const file = join(writeFiles({ 'gatehouse.yaml': text }), 'gatehouse.yaml');
    expect(await createConfigLoader(file, env, 0).load()).toStrictEqual(loadConfig(file, env));
  });

  test('a small one is loaded by this thread', async () => {
    const folder = writeFiles({ 'gatehouse.yaml': configuration() });
    expect(await createConfigLoader(folder, {}).load()).toStrictEqual(loadConfig(folder, {}));
  });

  test('a changed one shares its unchanged parts with the last', async () => {
    const file = join(writeFiles({ 'gatehouse.yaml': LARGE }), 'gatehouse.yaml');
    const loader = createConfigLoader(file, ENV, 0);
    const first = configOf(await loader.load());
    for (const text of [
      LARGE.replace('project_id: "450"', 'project_id: "9450"'),
      LARGE.replace('  e449: { issuer', '  another: { issuer').replace('/v1/300/**', '/v1/changed/**'),
    ]) {
      writeFileSync(file, text);
      const next = await loader.load();
      expect(next).toStrictEqual(loadConfig(file, ENV));
      expect(configOf(next).identities[0]).toBe(first.identities[0]);
    }
    writeFileSync(file, LARGE);
    expect(first).toStrictEqual(configOf(loadConfig(file, ENV)));
  });

  test('an invalid one in between changes nothing', async () => {
    const file = join(writeFiles({ 'gatehouse.yaml': LARGE }), 'gatehouse.yaml');
    const loader = createConfigLoader(file, ENV, 0);
    const first = configOf(await loader.load());
    writeFileSync(file, LARGE.replace('project_id: "1"', 'project_id: ""'));
    expect(await loader.load()).toStrictEqual(loadConfig(file, ENV));
    writeFileSync(file, LARGE);
    const next = configOf(await loader.load());
    expect(next).toStrictEqual(first);
    expect(next.identities[0]).toBe(first.identities[0]);
  });

  test('a thread that cannot start rejects', async () => {
    const folder = writeFiles({ 'gatehouse.yaml': configuration() });
    const notCloneable = { PLACE: (() => '') as unknown as string };
    await expect(createConfigLoader(folder, notCloneable, 0).load()).rejects.toThrow();
  });
});
