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

/** The message starts as for all faults of the thread. */
const FAILED = {
  code: 'config_invalid',
  message: expect.stringMatching(/^the configuration cannot be loaded: /) as string,
};

/** A thread that sends a message and waits for the next request. */
const send = (message: string): string =>
  `const { parentPort } = process.getBuiltinModule('node:worker_threads');
  parentPort.on('message', () => undefined).postMessage(${message})`;

const ENV = { PLACE: '/v2/**' };

describe('a configuration that another thread loads', () => {
  test.each([
    ['a large one with warnings', LARGE, ENV],
    ['a small one', configuration(), {}],
    ['one with many problems', LARGE, {}],
    ['one that is no YAML', 'a: [', {}],
  ])('%s is the same as if this thread had loaded it', async (_, text, env) => {
    const file = join(writeFiles({ 'gatehouse.yaml': text }), 'gatehouse.yaml');
    expect(await loadConfigOffThread(file, env)).toStrictEqual(loadConfig(file, env));
  });

  test('a thread that cannot start rejects', async () => {
    const folder = writeFiles({ 'gatehouse.yaml': configuration() });
    const notCloneable = { PLACE: (() => '') as unknown as string };
    await expect(loadConfigOffThread(folder, notCloneable)).rejects.toMatchObject(FAILED);
  });

  test.each([
    ['throws', 'throw new TypeError("secret")'],
    ['ends early', 'process.exit(3)'],
    ['sends a part that does not fit', send("{ kind: 'items', key: 'identities', items: [1] }")],
    ['sends an unknown part', send('null')],
  ])('a thread that %s rejects without the text of the error', async (_, script) => {
    const loading = loadConfigOffThread(
      'unused',
      {},
      undefined,
      new URL(`data:text/javascript,${encodeURIComponent(script)}`),
    );
    await expect(loading).rejects.toMatchObject(FAILED);
    await expect(loading).rejects.not.toThrow('secret');
  });
});
