import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { vaultFault, type VaultFault } from '../../../src/core/vault.ts';
import type { CallVault, VaultCall } from '../../../src/vault/call.ts';
import { createSession, type VaultSession } from '../../../src/vault/session.ts';
import { FrozenClock, RecordingLog } from '../../support/authentication.ts';

type Answer = { readonly status: number; readonly body: object } | VaultFault;

interface Started {
  readonly session: VaultSession;
  readonly clock: FrozenClock;
  readonly log: RecordingLog;
  readonly calls: VaultCall[];
  readonly file: string;
  /** Of further calls, by the end of their path. */
  answer(path: string, answer: Answer): void;
  /** The current token, or the cause for which there is none. */
  token(): Promise<string>;
}

function granted(token: string, seconds = 100, renewable = true): Answer {
  return { status: 200, body: { auth: { client_token: token, lease_duration: seconds, renewable } } };
}

function start(kind: 'jwt' | 'tokenFile' = 'jwt'): Started {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-vault-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'first\n');
  const answers = new Map<string, Answer>([['login', granted('t1')]]);
  const calls: VaultCall[] = [];
  const call: CallVault = (request) => {
    calls.push(request);
    const answer = answers.get(request.path.split('/').at(-1) ?? '') ?? { status: 404, body: {} };
    if ('kind' in answer) return Promise.resolve(answer);
    const { status, body } = answer;
    return Promise.resolve({
      kind: 'response',
      status,
      headers: {},
      body: Buffer.from(JSON.stringify(body)),
    });
  };
  const [clock, log] = [new FrozenClock(), new RecordingLog()];
  const login =
    kind === 'jwt' ? { jwt: { role: 'gate', mount: 'clusters/eu', tokenFile: file } } : { tokenFile: file };
  const session = createSession(login, { call, clock, log }, 'orders');
  return {
    session,
    clock,
    log,
    calls,
    file,
    answer: (path, answer) => void answers.set(path, answer),
    async token() {
      const current = await session.current();
      return current.kind === 'vault-token' ? current.token : current.cause;
    },
  };
}

const pathsOf = (calls: readonly VaultCall[]): readonly string[] => calls.map(({ path }) => path);

test('concurrent callers share a login', async () => {
  const { token, calls } = start();
  expect(await Promise.all([token(), token(), token()])).toEqual(['t1', 't1', 't1']);
  expect(await token()).toBe('t1');
  expect(calls).toEqual([
    { method: 'POST', path: 'auth/clusters/eu/login', body: { role: 'gate', jwt: 'first' } },
  ]);
});

test('renewed at four fifths of its lifetime', async () => {
  const { token, calls, clock, answer } = start();
  await token();
  answer('renew-self', granted('t1'));
  clock.advance(79_000);
  await token();
  expect(calls).toHaveLength(1);
  clock.advance(2_000);
  expect(await token()).toBe('t1');
  expect(pathsOf(calls).slice(1)).toEqual(['auth/token/renew-self']);
  clock.advance(79_000);
  expect(await token()).toBe('t1');
  expect(calls).toHaveLength(2);
});

test.each([
  ['a renewal that the maximum lifetime shortens', granted('t1', 40)],
  ['a rejected renewal', { status: 403, body: {} }],
  ['a renewal without a token', { status: 200, body: {} }],
])('%s is followed by a login', async (_, renewal) => {
  const { token, calls, clock, answer } = start();
  await token();
  answer('renew-self', renewal);
  answer('login', granted('t2'));
  clock.advance(85_000);
  expect(await token()).toBe('t2');
  expect(pathsOf(calls)).toEqual([
    'auth/clusters/eu/login',
    'auth/token/renew-self',
    'auth/clusters/eu/login',
  ]);
});

test('a token that cannot be renewed is used until shortly before its expiry', async () => {
  const { token, clock, answer } = start();
  await token();
  const unreachable = vaultFault('unreachable', 'the vault: ECONNREFUSED');
  answer('renew-self', unreachable);
  answer('login', unreachable);
  clock.advance(98_000);
  expect(await token()).toBe('t1');
  clock.advance(1_500);
  expect(await token()).toBe('unreachable');
});

test('a clock that is set back does not extend the use of a token', async () => {
  const { token, calls, clock, answer } = start();
  await token();
  answer('login', granted('t2'));
  clock.advance(-3_600_000);
  expect(await token()).toBe('t2');
  expect(calls).toHaveLength(2);
});

test('a rejected login rests for 5 s, is logged once, and a changed file is tried at once', async () => {
  const { token, calls, clock, log, answer, file } = start();
  answer('login', { status: 400, body: { errors: ['canary'] } });
  expect(await Promise.all([token(), token()])).toEqual(['unauthorized', 'unauthorized']);
  expect(await token()).toBe('unauthorized');
  expect(calls).toHaveLength(1);
  expect(log.lines).toHaveLength(1);
  expect(JSON.stringify(log.lines)).not.toContain('canary');
  clock.advance(5_000);
  await token();
  expect(calls).toHaveLength(2);
  writeFileSync(file, 'second');
  answer('login', granted('t2'));
  expect(await token()).toBe('t2');
});

test('a rejected token is replaced, unless it is new', async () => {
  const { session, token, clock, answer } = start();
  const first = await session.current();
  if (first.kind !== 'vault-token') throw new Error(first.detail);
  expect(session.rejected(first)).toBe(false);
  clock.advance(5_000);
  expect(session.rejected(first)).toBe(true);
  answer('login', granted('t2'));
  expect(await token()).toBe('t2');
  // Another request was rejected with the former token, too: the current one may be accepted.
  expect(session.rejected(first)).toBe(true);
  expect(await token()).toBe('t2');
});

test('a token of a file without expiry is looked up once, and again when the file changes', async () => {
  const { token, calls, clock, file, answer } = start('tokenFile');
  answer('lookup-self', { status: 200, body: { data: { ttl: 0, renewable: false } } });
  expect(await token()).toBe('first');
  clock.advance(86_400_000);
  expect(await token()).toBe('first');
  expect(calls).toHaveLength(1);
  writeFileSync(file, 'second');
  expect(await token()).toBe('second');
  expect(calls.map(({ token: sent }) => sent)).toEqual(['first', 'second']);
});

test('a file with a line break in its token, or none: unauthorized', async () => {
  const { token, calls, file, log } = start();
  writeFileSync(file, 'a\nb');
  expect(await token()).toBe('unauthorized');
  rmSync(file);
  expect(await token()).toBe('unauthorized');
  expect([calls, log.lines.length]).toEqual([[], 1]);
});
