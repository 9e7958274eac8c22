import { describe, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../../../src/core/credentials/credential.ts';
import { deny, type Decision } from '../../../../src/core/decision.ts';
import type { MintRequest } from '../../../../src/token-service/mint.ts';
import {
  issueRegistryToken,
  scopeText,
  type RegistrySite,
  type RegistryTokenPorts,
} from '../../../../src/token-service/registry/issue-registry-token.ts';
import { credential, endpointCall, minted, requestHead } from '../fixtures.ts';

const CALLER = credential();
const PRESENTED = {
  class: 'id_token',
  credentialSource: 'basic',
  token: 'eyJ',
  username: 'x',
} as const;

interface Setup {
  /** Undefined: anonymous. */
  readonly source?: VerifiedCredential | undefined;
  /** Services that accept the credential. */
  readonly accepting?: readonly string[];
  readonly mode?: 'enforce' | 'shadow';
  readonly allow?: (service: string, resource: string, source: VerifiedCredential | undefined) => boolean;
  readonly ports?: Partial<RegistryTokenPorts>;
}

async function issue(scopes: readonly string[], setup: Setup = {}) {
  const { source, accepting = ['a', 'root'], mode = 'enforce', allow = () => true } = setup;
  const requests: MintRequest[] = [];
  const service = (name: string, prefix: string) => ({
    name,
    prefix,
    mode,
    authorize: (
      who: VerifiedCredential | undefined,
      [operation]: readonly { resource: string }[],
    ): Decision =>
      allow(name, operation?.resource ?? '', who)
        ? { kind: 'allow', basis: 'grant', caller: undefined, relaxed: undefined }
        : deny('resource_not_granted', ''),
  });
  const site: RegistrySite = {
    services: [service('a', 'a/'), service('root', '')],
    extract: () => (source === undefined ? undefined : PRESENTED),
    logIn: async () => ({
      credential: source ?? CALLER,
      services: new Map(accepting.map((name) => [name, source ?? CALLER])),
    }),
  };
  const ports: RegistryTokenPorts = {
    identify: (verified) => ({ identity: 'ci', roles: [], credential: verified }),
    refuseRevoked: () => undefined,
    refuseEnded: undefined,
    mint: async (request) => {
      requests.push(request);
      return { kind: 'minted', token: 'signed', jti: 'new', expiresIn: 900 };
    },
    readScopes: (values) =>
      values.map((value) => {
        const [type = '', name = '', actions = ''] = value.split(':');
        return { type, name, actions: actions.split(',') };
      }),
    operationsOf: ({ name, actions }) =>
      actions.map((action) => ({ action, operation: { scope: action, resource: name, extent: 'one' } })),
    ...setup.ports,
  };
  const call = endpointCall();
  const request = { kind: 'request', service: 'registry.example.com', scopes, head: requestHead() } as const;
  const result = await issueRegistryToken(site, request, call, ports);
  return { result, call, requests };
}

describe('issueRegistryToken', () => {
  test('grants the requested actions that the policy allows', async () => {
    const { result, call, requests } = await issue(['repository:x:pull,push', 'repository:y:pull'], {
      source: CALLER,
      allow: (_service, resource) => resource === 'x',
    });
    expect(result).toMatchObject({
      kind: 'issued',
      token: 'signed',
      access: [
        { type: 'repository', name: 'x', actions: ['pull', 'push'] },
        { type: 'repository', name: 'y', actions: [] },
      ],
    });
    expect(requests).toMatchObject([
      {
        source: CALLER,
        identity: 'ci',
        audience: 'registry.example.com',
        extra: { scope: 'repository:x:pull,push' },
      },
    ]);
    expect(call).toMatchObject({ reason: 'granted', decision: { basis: 'grant' } });
  });

  test('the service with the longest matching prefix decides', async () => {
    const seen: string[] = [];
    await issue(['repository:a/x:pull', 'repository:ab:pull'], {
      source: CALLER,
      allow: (service, resource) => seen.push(`${service} ${resource}`) > 0,
    });
    expect(seen).toEqual(['a a/x', 'root ab']);
  });

  test('a service that does not accept the credential grants nothing, not even anonymous access', async () => {
    const { result } = await issue(['repository:a/x:pull', 'repository:x:pull'], {
      source: CALLER,
      accepting: ['root'],
    });
    expect(result).toMatchObject({ kind: 'issued', access: [{ actions: [] }, { actions: ['pull'] }] });
  });

  test('a login without scopes gets a token without access', async () => {
    const { result } = await issue([], { source: CALLER });
    expect(result).toMatchObject({ kind: 'issued', access: [] });
  });

  test('anonymous access that is granted gets an anonymous token', async () => {
    const { result, call, requests } = await issue(['repository:x:pull']);
    expect(result).toMatchObject({ kind: 'issued' });
    expect(requests).toMatchObject([{ source: undefined }]);
    expect(call.reason).toBe('anonymous');
  });

  test('anonymous access that is not granted: no_credential', async () => {
    const { result, requests } = await issue(['repository:x:pull'], { allow: () => false });
    expect(result).toMatchObject({ kind: 'deny', reason: 'no_credential' });
    expect(requests).toEqual([]);
  });

  test('a token that was issued anonymously stays anonymous', async () => {
    const source = credential({ class: 'access_token', minted: minted({ identity: undefined }) });
    const { requests } = await issue(['repository:x:pull'], { source });
    expect(requests).toMatchObject([{ source: undefined }]);
  });

  test('a credential without identity is refused, except by services in shadow mode', async () => {
    const ports = { identify: () => deny('no_matching_identity', '') };
    expect((await issue([], { source: CALLER, ports })).result).toMatchObject({
      reason: 'no_matching_identity',
    });
    const shadow = await issue([], { source: CALLER, ports, mode: 'shadow' });
    expect(shadow.result).toMatchObject({ kind: 'issued' });
    expect(shadow.call.reason).toBe('shadow');
    const elsewhere = await issue([], { source: CALLER, ports, mode: 'shadow', accepting: [] });
    expect(elsewhere.result).toMatchObject({ reason: 'no_matching_identity' });
  });

  test('a revoked credential gets no token', async () => {
    const ports = { refuseRevoked: () => deny('revoked', '') };
    const { result, requests } = await issue([], { source: CALLER, ports });
    expect(result).toMatchObject({ kind: 'deny', reason: 'revoked' });
    expect(requests).toEqual([]);
  });

  test('a refusal of the mint names the caller', async () => {
    const ports = { mint: async () => deny('token_expired', '') };
    const { result } = await issue([], { source: CALLER, ports });
    expect(result).toMatchObject({ reason: 'token_expired', caller: { identity: 'ci' } });
  });
});

test('scopeText omits entries without actions', () => {
  expect(
    scopeText([
      { type: 'repository', name: 'x', actions: ['pull', 'push'] },
      { type: 'repository', name: 'y', actions: [] },
      { type: 'registry', name: 'catalog', actions: ['*'] },
    ]),
  ).toBe('repository:x:pull,push registry:catalog:*');
});
