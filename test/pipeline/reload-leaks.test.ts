/** A configuration that fails to activate is retried twice a minute, so a failed attempt must not leak resources. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { startReloadScene } from '../support/scenario/reload.ts';

const keep = cleanUp();
afterEach(() => vi.useRealTimers());

const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

const FILES = { secret: 'a secret', 'good.pem': SIGNING_KEY, 'bad.pem': 'no key' };

test.each([
  [
    'an invalid upstream client certificate next to a valid secret',
    (yaml: string) =>
      yaml.replace(
        /upstream: \{ url: "http:(.*?)"/,
        'upstream: { url: "https:$1", clientCertificate: { certFile: bad.pem, keyFile: good.pem }, auth: { bearer: { tokenFile: secret } }',
      ),
  ],
  [
    'one invalid signing key of several',
    (yaml: string) => `${yaml}signing: { keys: [{ file: good.pem }, { file: bad.pem }] }\n`,
  ],
])('%s: no file watch remains', async (_what, edit) => {
  const { gateway } = keep(await startReloadScene(FILES));
  // Every file watch uses an interval; the fake timers count those that the reload opens.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  expect(await gateway.reload(edit)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('a secret that becomes invalid after the configuration is read: no file watch remains', async () => {
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
    expect(loaded.kind === 'loaded').toBe(true);
    writeFileSync(join(gateway.folder, 'other'), 'two\nlines');
    return loaded;
  });
  expect(reloaded).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
