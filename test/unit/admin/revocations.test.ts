import { afterEach, describe, expect, test, vi } from 'vitest';
import { createAdmin, type Admin } from '../../../src/admin/index.ts';
import { recordingLog } from '../../support/audit-events.ts';
import { stalledPost } from '../../support/raw-client.ts';
import { emptyRevocations } from '../../support/state.ts';

const running: Admin[] = [];
afterEach(async () => {
  for (const admin of running.splice(0)) await admin.stop();
});

async function start() {
  const revocations = await emptyRevocations();
  const admin = createAdmin(
    { listen: '127.0.0.1:0' },
    {
      ready: () => ({ ready: true, checks: [] }),
      metrics: () => Promise.resolve({ body: '', contentType: 'text/plain' }),
      status: () => ({}),
      revocations,
      clock: { now: Date.now },
      names: () => ({
        issuers: ['gitlab', 'github'],
        identities: ['a', 'payments'],
        deployTokens: ['edge'],
        workloads: new Map(),
      }),
      log: recordingLog(),
    },
  );
  running.push(admin);
  const { port } = await admin.start();
  const url = `http://127.0.0.1:${port}/revocations`;
  const post = (body: unknown, headers: Record<string, string> = { 'Content-Type': 'application/json' }) =>
    fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { url, post, revocations };
}

const HASH = 'ab'.repeat(32);

test.each([
  [
    { jti: 'x', issuer: 'gitlab', reason: 'r' },
    { target: 'jti', value: 'x', issuer: 'gitlab' },
  ],
  [
    { tokenHash: HASH, reason: 'r' },
    { target: 'tokenHash', value: HASH },
  ],
  [
    { deployToken: 'edge', reason: 'r' },
    { target: 'deployToken', value: 'edge' },
  ],
  [
    { identity: 'payments', reason: 'r' },
    { target: 'identity', value: 'payments' },
  ],
  [
    { project: 'id:20', reason: 'r' },
    { target: 'project', value: 'id:20' },
  ],
  [
    { issuer: 'github', reason: 'r' },
    { target: 'issuer', value: 'github', issuer: undefined },
  ],
  [
    { identity: 'a', reason: 'r', expires: '2036-01-01T00:00:00+01:00' },
    { expires: '2036-01-01T00:00:00+01:00' },
  ],
])('POST %j is kept, listed as posted, and goes by its id', async (body, kept) => {
  const { url, post, revocations } = await start();
  const created = await post(body);
  expect(created.status).toBe(201);
  const shown = (await created.json()) as { id: string };
  expect(shown).toMatchObject(body);
  expect(created.headers.get('location')).toBe(`/revocations/${shown.id}`);
  expect(revocations.list()).toMatchObject([kept]);
  expect(await (await fetch(url)).json()).toEqual({ revocations: [shown] });
  expect((await fetch(`${url}/${shown.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(`${url}/${shown.id}`, { method: 'DELETE' })).status).toBe(404);
  expect(revocations.list()).toEqual([]);
});

describe('a malformed revocation is refused with the expected form', () => {
  test.each([
    ['nothing', { reason: 'r' }, /exactly one of/],
    ['two things', { identity: 'a', project: 'b/c', reason: 'r' }, /exactly one of/],
    ['no reason', { identity: 'a' }, /Say why/],
    ['an unknown jti', { jti: 'x', reason: 'r' }, /needs "issuer"/],
    ['half a hash', { tokenHash: 'abc', reason: 'r' }, /64 lowercase hex/],
    ['a hash in capitals', { tokenHash: HASH.toUpperCase(), reason: 'r' }, /64 lowercase hex/],
    ['a bare number', { project: '20', reason: 'r' }, /"id:20"/],
    ['an unknown key', { identity: 'a', reason: 'r', until: 'x' }, /There is no "until"/],
    ['a number', { identity: 5, reason: 'r' }, /"identity" must be a text/],
    ['an empty text', { identity: '', reason: 'r' }, /"identity" must be a text/],
    ['no time', { identity: 'a', reason: 'r', expires: 'tomorrow' }, /RFC 3339/],
    ['a day that is none', { identity: 'a', reason: 'r', expires: '2027-13-01T00:00:00Z' }, /RFC 3339/],
    ['a list', '[]', /not a JSON object/],
    ['no JSON', '{', /not JSON/],
    ['a member twice', '{"identity":"a","identity":"b","reason":"r"}', /a member twice/],
  ])('%s', async (_name, body, message) => {
    const { post, revocations } = await start();
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'invalid_request',
      message: expect.stringMatching(message) as string,
    });
    expect(revocations.list()).toEqual([]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a cross-site request without preflight: %s',
    async (type) => {
      const { post, revocations } = await start();
      expect((await post('{"identity":"a","reason":"r"}', { 'Content-Type': type })).status).toBe(415);
      expect(revocations.list()).toEqual([]);
    },
  );

  test('a body without end', async () => {
    const { post } = await start();
    expect((await post({ identity: 'a', reason: 'x'.repeat(20_000) })).status).toBe(413);
  });
});

describe('a body that stalls is refused after 10 s, and ends the connection', () => {
  afterEach(() => void vi.useRealTimers());

  test.each(['Content-Length: 10', 'Transfer-Encoding: chunked'])('%s', async (framing) => {
    const { url, revocations } = await start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const received = stalledPost(url, framing);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), { timeout: 2_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await received).toMatch(/^HTTP\/1\.1 408 .*^connection: close/ims);
    expect(revocations.list()).toEqual([]);
  });
});
