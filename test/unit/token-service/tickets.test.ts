import { beforeEach, expect, test } from 'vitest';
import { TICKET_TYPE } from '../../../src/core/credentials/ticket.ts';
import { createTickets } from '../../../src/token-service/index.ts';
import { FrozenClock } from '../../support/authentication.ts';
import { sampleCaller } from '../../support/audit-events.ts';
import { testKeyring } from '../../support/keyring.ts';

const clock = new FrozenClock();
const keyring = testKeyring();
const settings = { publicUrl: 'https://gateway.example.com', claims: new Set(['project_id']) };
const { credential, identity } = sampleCaller();
const grant = {
  service: 'terraform',
  credential,
  identity,
  operations: [{ scope: 'read_package_registry', resource: 'modules/acme/vpc/aws', extent: 'one' }],
} as const;
const target = { path: '/terraform/a.zip', query: '?token=canary' };

beforeEach(() => keyring.start());

async function issued(
  more: Partial<typeof grant> | { readonly credential: undefined } = {},
  query = target.query,
) {
  const issue = await createTickets(settings, { keyring, clock })({ ...grant, ...more });
  const ticket = issue({ ...target, query }) ?? '';
  const verdict = await keyring.verify(ticket, TICKET_TYPE);
  if (verdict.kind !== 'payload') throw new Error(verdict.detail);
  return { ticket, ...verdict };
}

test('a ticket is limited to one service, resource and path, and to five minutes', async () => {
  const { payload } = await issued();
  const now = clock.now() / 1000;
  expect(payload).toMatchObject({
    aud: 'urn:gatehouse:service:terraform',
    sub: identity,
    iat: now,
    exp: now + 300,
    scope: 'read_package_registry',
    resources: ['modules/acme/vpc/aws'],
    path: '/terraform/a.zip',
  });
  expect((await issued({}, '')).payload['query']).toBeUndefined();
});

test('the query is encrypted for this ticket, and only the signing key opens it', async () => {
  const { payload, kid, ticket } = await issued();
  const { query, jti } = payload as { readonly query: string; readonly jti: string };
  expect(Buffer.from(ticket.split('.')[1] ?? '', 'base64url').toString()).not.toContain('canary');
  expect(await keyring.unseal(kid, query, jti)).toBe('?token=canary');
  expect(await keyring.unseal(kid, query, 'another ticket')).toBeUndefined();
  expect(await keyring.unseal(kid, query.slice(0, -4), jti)).toBeUndefined();
  expect(await keyring.unseal(kid, '', jti)).toBeUndefined();
  const other = testKeyring();
  await other.start();
  expect(await other.unseal(kid, query, jti)).toBeUndefined();
});

test('a ticket is not an access token', async () => {
  const { ticket } = await issued();
  expect(await keyring.verify(ticket, 'at+jwt')).toMatchObject({ kind: 'invalid' });
});

test('an anonymous ticket has no source', async () => {
  const { payload } = await issued({ credential: undefined });
  expect(payload).toMatchObject({ sub: 'anonymous' });
  expect(payload['src']).toBeUndefined();
});
