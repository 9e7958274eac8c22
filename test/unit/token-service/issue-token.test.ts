import { describe, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../../src/core/credentials/credential.ts';
import { deny } from '../../../src/core/decision.ts';
import { issueToken, type IssueTokenPorts } from '../../../src/token-service/issue-token.ts';
import { credential, endpointCall, NOW } from './fixtures.ts';

const REQUEST = { audience: 'aud', extra: { scope: 'read_api' } };

function portsWith(overrides: Partial<IssueTokenPorts> = {}) {
  const events: string[] = [];
  const claimed = new Map<string, number>();
  const ports: IssueTokenPorts = {
    refuseRevoked: () => undefined,
    refuseEnded: undefined,
    mint: async () => {
      events.push('mint');
      return { kind: 'minted', token: 'signed', jti: 'new', expiresIn: 900 };
    },
    store: {
      async claim(name, ms) {
        events.push('claim');
        const first = !claimed.has(name);
        claimed.set(name, ms);
        return first;
      },
    },
    clock: { now: () => NOW },
    once: new Set(['once']),
    ...overrides,
  };
  return { ports, events, claimed };
}

function issue(source: VerifiedCredential, ports: IssueTokenPorts) {
  const call = endpointCall();
  const caller = { identity: 'ci', roles: [], credential: source };
  return issueToken(call, caller, REQUEST, ports).then((result) => ({ result, call, caller }));
}

test('an issued token is recorded as granted', async () => {
  const { ports, events } = portsWith();
  const { result, call, caller } = await issue(credential(), ports);
  expect(result).toMatchObject({ kind: 'minted', token: 'signed' });
  expect(call).toMatchObject({ reason: 'granted', decision: { kind: 'allow', basis: 'grant', caller } });
  expect(call.detail).toContain('new');
  expect(events).toEqual(['mint']);
});

test('a revoked credential gets no token', async () => {
  const { ports, events } = portsWith({ refuseRevoked: () => deny('revoked', 'revoked') });
  const { result, call } = await issue(credential({ issuer: 'once' }), ports);
  expect(result).toMatchObject({ kind: 'deny', reason: 'revoked' });
  expect(call.decision).toBeUndefined();
  expect(events).toEqual([]);
});

test('a refusal of the mint names the caller and does not use up the ID token', async () => {
  const { ports, events } = portsWith({ mint: async () => deny('token_expired', 'too late') });
  const { result, caller } = await issue(credential({ issuer: 'once' }), ports);
  expect(result).toMatchObject({ kind: 'deny', reason: 'token_expired', caller });
  expect(events).toEqual([]);
});

describe('an issuer with replay: once', () => {
  test('issues one token per ID token', async () => {
    const { ports, claimed } = portsWith();
    const source = credential({ issuer: 'once' });
    expect((await issue(source, ports)).result).toMatchObject({ kind: 'minted' });
    const { result, call, caller } = await issue(source, ports);
    expect(result).toMatchObject({ kind: 'deny', reason: 'credential_invalid', caller });
    expect(call.decision).toBeUndefined();
    // Kept until the ID token has expired, with a margin for the clocks of other replicas.
    expect([...claimed.values()]).toEqual([3_660_000]);
    expect((await issue(credential({ issuer: 'once', jti: 'job-2' }), ports)).result).toMatchObject({
      kind: 'minted',
    });
  });

  test('requires the claim jti', async () => {
    const { ports, events } = portsWith();
    const { result } = await issue(credential({ issuer: 'once', jti: undefined }), ports);
    expect(result).toMatchObject({ kind: 'deny', reason: 'credential_invalid' });
    expect(events).not.toContain('claim');
  });

  test.each(['job_token', 'deploy_token', 'access_token'] as const)('does not limit a %s', async (kind) => {
    const { ports, events } = portsWith();
    const { result } = await issue(credential({ issuer: 'once', class: kind, jti: undefined }), ports);
    expect(result).toMatchObject({ kind: 'minted' });
    expect(events).toEqual(['mint']);
  });

  test('issues no token while the store is unreachable', async () => {
    const { ports } = portsWith({ store: { claim: () => Promise.reject(new Error('unreachable')) } });
    await expect(issue(credential({ issuer: 'once' }), ports)).rejects.toThrow('unreachable');
  });
});
