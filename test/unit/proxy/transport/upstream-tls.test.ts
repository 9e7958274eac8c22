import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { openUpstreamTls, type TlsMaterial } from '../../../../src/proxy/transport/upstream-tls.ts';
import { recordingLog } from '../../../support/audit-events.ts';
import { createAuthority } from '../../../support/certificates.ts';
import { eventually } from '../../../support/eventually.ts';
import { needs } from '../../../support/needs.ts';

const { test } = needs('openssl');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

test('a new certificate with the previous key is ignored; the complete pair is loaded', async () => {
  const authority = createAuthority('ours');
  const [first, second] = [authority.issue('DNS:gateway'), authority.issue('DNS:gateway')];
  const clientCertificate = { certFile: write('crt', first.cert), keyFile: write('key', first.key) };
  const log = recordingLog();
  const buffered: TlsMaterial[] = [];
  const tls = openUpstreamTls('orders', { clientCertificate }, log, (material) => buffered.push(material));
  write('crt', second.cert);
  await eventually('the torn pair is seen', () => log.lines.length === 1, 10_000);
  expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { file: clientCertificate.certFile } });
  expect(tls.current).toEqual(first);
  write('key', second.key);
  await eventually('the whole pair', () => buffered.length === 1, 10_000);
  expect(buffered).toEqual([second]);
  expect(tls.current).toEqual(second);
  expect(JSON.stringify(log.lines)).not.toContain('PRIVATE KEY');
  tls.close();
});

for (const [what, keyFile] of [
  ['a missing file', () => join(folder, 'nothing')],
  ['a key that does not fit', () => write('key', createAuthority('ours').issue('DNS:a').key)],
  ['no key at all', () => write('key', 'nonsense')],
] as const) {
  test(`${what}: startup_failed, which names the file`, () => {
    const certFile = write('crt', createAuthority('ours').issue('DNS:gateway').cert);
    const open = () =>
      openUpstreamTls(
        'orders',
        { clientCertificate: { certFile, keyFile: keyFile() } },
        recordingLog(),
        () => undefined,
      );
    expect(open).toThrow(
      expect.objectContaining({
        code: 'startup_failed',
        message: expect.stringMatching(/services\.orders\.upstream: .*(?:nothing|key)/),
      }),
    );
  });
}
