/** A configuration that cannot be put in force is tried again twice a minute: it may leave nothing behind. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { startReloadScene } from '../support/reload-scene.ts';

const keep = cleanUp();
afterEach(() => vi.useRealTimers());

const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

const FILES = { secret: 'a secret', 'good.pem': SIGNING_KEY, 'bad.pem': 'no key' };

test.each([
  [
    'an upstream’s client certificate that is none, beside a good secret',
    (yaml: string) =>
      yaml.replace(
        /upstream: \{ url: "http:(.*?)"/,
        'upstream: { url: "https:$1", clientCertificate: { certFile: bad.pem, keyFile: good.pem }, auth: { bearer: { tokenFile: secret } }',
      ),
  ],
  [
    'one of several signing keys that is none',
    (yaml: string) => `${yaml}signing: { keys: [{ file: good.pem }, { file: bad.pem }] }\n`,
  ],
])('%s: no file is watched for it any more', async (_what, edit) => {
  const { gateway } = keep(await startReloadScene(FILES));
  // All that watches a file looks at it at intervals; what is fake from here on was opened by the reload.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  expect(await gateway.reload(edit)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('a secret that is none any more once the configuration has been read: the same', async () => {
  const { gateway } = keep(await startReloadScene({ ...FILES, other: 'another' }));
  const file = join(gateway.folder, 'gatehouse.yaml');
  const entries =
    '{ payments: { bearer: { tokenFile: secret } }, default: { bearer: { tokenFile: other } } }';
  const yaml = readFileSync(file, 'utf8').replace(
    /upstream: \{ (url: ".*?")/,
    `upstream: { $1, auth: { perIdentity: ${entries} }`,
  );
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const reloaded = await gateway.gateway.reload(() => {
    writeFileSync(file, yaml);
    const loaded = loadConfig(file, {});
    expect(loaded.ok).toBe(true);
    writeFileSync(join(gateway.folder, 'other'), 'two\nlines');
    return loaded;
  });
  expect(reloaded).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
