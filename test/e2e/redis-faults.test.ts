import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Store } from '../../src/core/store.ts';
import { createRevocations, openStore, type SyncedRevocations } from '../../src/state/index.ts';
import { recordingLog, sampleCredential } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, tellRedis } from '../support/redis.ts';
import { run } from '../support/run.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';
import { useStarted } from '../support/use-started.ts';

const clock = { now: Date.now };
/** Milliseconds after which an unread list of revocations is not used. */
const MAX_AGE = 500;

const job = sampleCredential({ expiresAt: Infinity, claims: {} });

interface Connection {
  readonly url: string;
  readonly prefix?: string;
  readonly caFile?: string;
}

function connectTo({ url, prefix = 'faults:', caFile }: Connection) {
  const log = recordingLog();
  const store = openStore({ redis: { url, caFile, timeout: 300, prefix } }, { clock, log });
  onTestFinished(() => store.close());
  return { store, log };
}

const well = (store: Store) =>
  eventually(
    'the store responds',
    () =>
      store.revocations(undefined).then(
        () => true,
        () => false,
      ),
    20_000,
  );

needs('redis-server', 'openssl').describe('Redis faults', () => {
  const redis = useStarted(() => startRedis());

  async function replica(prefix: string, poll: number): Promise<SyncedRevocations> {
    const { store, log } = connectTo({ url: redis.url, prefix });
    await well(store);
    const revocations = createRevocations(store, { clock, log }, { poll, maxAge: 60_000 });
    onTestFinished(() => revocations.stop());
    await revocations.start();
    return revocations;
  }

  const revoke = (revocations: SyncedRevocations, identity: string) =>
    revocations.add({
      target: 'identity',
      value: identity,
      issuer: undefined,
      reason: 'leaked',
      expires: undefined,
    });

  test('recovers without its data: replicas write known revocations back, and new ones are visible', async () => {
    const one = await replica('wiped:', 20);
    const two = await replica('wiped:', 20);
    const late = await replica('wiped:', 600_000);
    await revoke(one, 'old');
    await eventually('both have it', () => two.check(job, 'old').kind === 'revoked');

    await tellRedis(redis.port, 'FLUSHALL');
    await eventually('written back', () =>
      late.start().then(() => late.check(job, 'old').kind === 'revoked'),
    );
    await eventually('active', () => [one, two].every((each) => each.check(job, 'old').kind === 'revoked'));
    await revoke(one, 'new');
    await eventually('visible', () => two.check(job, 'new').kind === 'revoked');
    expect(
      one
        .list()
        .map(({ value }) => value)
        .toSorted(),
    ).toEqual(['new', 'old']);
  });

  test('restarts its change counter: the same number no longer means the same list', async () => {
    const { store } = connectTo({ url: redis.url, prefix: 'again:' });
    await well(store);
    const put = (id: string) =>
      store.putRevocation({
        id,
        target: 'identity',
        value: id,
        issuer: undefined,
        reason: 'r',
        created: '2026-11-21T12:00:00Z',
        expires: undefined,
      });
    await put('before');
    const before = await store.revocations(undefined);
    await tellRedis(redis.port, 'FLUSHALL');
    await put('after');
    const after = await store.revocations(before?.mark);
    expect(after?.revocations.map(({ id }) => id)).toEqual(['after']);
    expect(after?.epoch).not.toBe(before?.epoch);
  });

  test('refuses all writes: existing data is still read, also by new replicas; changes are refused', async () => {
    const full = await startRedis();
    onTestFinished(() => full.close());
    const { store } = connectTo({ url: full.url });
    await well(store);
    const one = createRevocations(store, { clock, log: recordingLog() }, { poll: 20, maxAge: MAX_AGE });
    onTestFinished(() => one.stop());
    await one.start();
    await revoke(one, 'before');
    const key = await store.keepFirst('signing-key', 'the first');

    await tellRedis(full.port, 'CONFIG SET min-replicas-to-write 1');
    await expect(revoke(one, 'now')).rejects.toMatchObject({ code: 'store_unavailable' });
    const { store: later } = connectTo({ url: full.url });
    await well(later);
    const two = createRevocations(later, { clock, log: recordingLog() }, { poll: 20, maxAge: MAX_AGE });
    onTestFinished(() => two.stop());
    await two.start();
    // Without these reads the lists would be older than maxAge.
    const reads = [store, later].map((each) => vi.spyOn(each, 'revocations'));
    const began = performance.now();
    for (let round = 1; round <= 20 || performance.now() - began < 2 * MAX_AGE; round++) {
      await eventually('both lists are read', () => reads.every(({ mock }) => mock.calls.length >= round));
      for (const each of [one, two]) {
        expect(each.check(job, 'before').kind).toBe('revoked');
        expect(each.check(job, 'other').kind).toBe('clear');
      }
    }
    expect(await later.keepFirst('signing-key', 'another')).toBe(key);
  });

  test('refuses all writes and is empty: revocations are not loaded until it accepts writes', async () => {
    const locked = await startRedis(['--min-replicas-to-write', '1']);
    onTestFinished(() => locked.close());
    const { store } = connectTo({ url: locked.url });
    const revocations = createRevocations(
      store,
      { clock, log: recordingLog() },
      { poll: 20, maxAge: 60_000 },
    );
    onTestFinished(() => revocations.stop());
    await revocations.start();
    expect(revocations.snapshot().usable).toBe(false);
    expect(revocations.check(job, 'anybody').kind).toBe('unknown');
    await tellRedis(locked.port, 'CONFIG SET min-replicas-to-write 0');
    await eventually('it is read', () => revocations.snapshot().usable);
    expect(revocations.check(job, 'anybody').kind).toBe('clear');
  });

  test('a connection that stalls without being closed is replaced', async () => {
    const relay = await startTcpRelay(redis.port);
    onTestFinished(() => relay.close());
    const { store } = connectTo({ url: `redis://127.0.0.1:${relay.port}` });
    await well(store);
    relay.freeze();
    await expect(store.revocations(undefined)).rejects.toMatchObject({ code: 'store_unavailable' });
    await well(store);
    expect(relay.accepted()).toBe(2);
  });

  test('a connection that is accepted but never responds is replaced', async () => {
    const relay = await startTcpRelay(redis.port, 1);
    onTestFinished(() => relay.close());
    const { store } = connectTo({ url: `redis://127.0.0.1:${relay.port}` });
    await well(store);
    expect(relay.accepted()).toBe(2);
  });

  test('L3 a wrong password is reported by its error code; no password is in a log or an error', async () => {
    const locked = await startRedis(['--requirepass', 'canary-right']);
    onTestFinished(() => locked.close());
    const { store, log } = connectTo({ url: locked.url.replace('//', '//:canary-wrong@') });
    await eventually('it is logged', () => log.lines.length > 0);
    expect(log.lines[0]?.fields).toEqual({ code: 'WRONGPASS' });
    const error: unknown = await store.revocations(undefined).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'store_unavailable' });
    expect(inspect([error, log.lines], { depth: 9 })).not.toContain('canary');
    const { store: right } = connectTo({ url: locked.url.replace('//', '//:canary-right@') });
    await well(right);
  });

  test('K7 rediss:// with a private CA; without it nothing is sent to the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-redis-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = await run(
      'openssl',
      `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${key} -out ${certificate}`.split(
        ' ',
      ),
    );
    expect(made).toExitWith(0);
    const port = await freePort();
    const secured = await startRedis(
      `--tls-port ${port} --tls-cert-file ${certificate} --tls-key-file ${key} --tls-ca-cert-file ${certificate} --tls-auth-clients no`.split(
        ' ',
      ),
    );
    onTestFinished(() => secured.close());

    const { store } = connectTo({ url: `rediss://localhost:${port}`, caFile: certificate });
    await well(store);
    const { store: stranger, log } = connectTo({ url: `rediss://localhost:${port}` });
    await eventually('it is logged', () => log.lines.length > 0);
    expect(log.lines[0]?.fields).toEqual({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await expect(stranger.revocations(undefined)).rejects.toMatchObject({ code: 'store_unavailable' });
    const { store: elsewhere, log: other } = connectTo({
      url: `rediss://127.0.0.1:${port}`,
      caFile: certificate,
    });
    await eventually('it is logged', () => other.lines.length > 0);
    expect(other.lines[0]?.fields).toEqual({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    await expect(elsewhere.revocations(undefined)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
