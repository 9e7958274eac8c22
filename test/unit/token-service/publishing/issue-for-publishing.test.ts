import { expect, test } from 'vitest';
import { deny } from '../../../../src/core/decision.ts';
import type { MintRequest } from '../../../../src/token-service/mint.ts';
import {
  issueForPublishing,
  type PublishingPorts,
  type PublishingSite,
} from '../../../../src/token-service/publishing/issue-for-publishing.ts';
import { credential, endpointCall, NOW } from '../fixtures.ts';

const SOURCE = credential();
const CALLER = { identity: 'ci', roles: [], credential: SOURCE };
const PRESENTED = {
  class: 'id_token',
  credentialSource: 'bearer',
  token: 'eyJ',
  username: undefined,
} as const;

async function issue(
  name: string | undefined,
  { site = {}, ports = {} }: { site?: Partial<PublishingSite>; ports?: Partial<PublishingPorts> } = {},
) {
  const requests: MintRequest[] = [];
  const call = endpointCall();
  const result = await issueForPublishing(
    call,
    {
      audience: 'urn:gatehouse:service:npm',
      verifyCredential: () => SOURCE,
      authorize: () => ({ kind: 'allow', basis: 'grant', caller: CALLER, relaxed: undefined }),
      ...site,
    },
    PRESENTED,
    name,
    {
      identify: () => CALLER,
      refuseRevoked: () => undefined,
      refuseEnded: undefined,
      mint: async (request) => {
        requests.push(request);
        return { kind: 'minted', token: 'signed', jti: 'new', expiresIn: 900 };
      },
      store: { claim: async () => true },
      clock: { now: () => NOW },
      once: new Set(),
      log: { info: () => {}, warn: () => {}, error: () => {} },
      ...ports,
    },
  );
  return { result, call, requests };
}

test.each([
  [
    'one package',
    '@acme/ui',
    { scope: 'read_package_registry write_package_registry', resources: ['@acme/ui'] },
  ],
  ['every granted package', undefined, { scope: 'read_package_registry write_package_registry' }],
])('the token covers %s', async (_name, name, extra) => {
  const { result, call, requests } = await issue(name);
  expect(requests).toMatchObject([
    { source: SOURCE, audience: 'urn:gatehouse:service:npm', publishing: true, extra },
  ]);
  expect(requests[0]?.extra).toEqual(extra);
  expect(call.operations).toEqual([
    { scope: 'write_package_registry', resource: name ?? '', extent: name === undefined ? 'any' : 'one' },
  ]);
  expect(result).toEqual({ kind: 'issued', token: 'signed', expires: NOW / 1000 + 900 });
});

test.each([
  [
    'a refused ID token',
    { site: { verifyCredential: () => deny('audience_mismatch', '') } },
    'audience_mismatch',
  ],
  ['no identity', { ports: { identify: () => deny('no_matching_identity', '') } }, 'no_matching_identity'],
  ['no grant', { site: { authorize: () => deny('resource_not_granted', '') } }, 'resource_not_granted'],
  ['a revoked credential', { ports: { refuseRevoked: () => deny('revoked', '') } }, 'revoked'],
])('%s: no token', async (_name, overrides, reason) => {
  const { result, requests } = await issue('@acme/ui', overrides);
  expect(result).toMatchObject({ kind: 'deny', reason });
  expect(requests).toEqual([]);
});
