import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Allow } from '../../../src/core/decision.ts';
import { createEventLine } from '../../../src/observability/audit/event-line.ts';
import { createAuthorizer, type Authorizer } from '../../../src/policy/index.ts';
import { createPushIdentity } from '../../../src/proxy/headers/identity-headers.ts';
import { sampleEvent } from '../../support/audit-events.ts';
import { eventually } from '../../support/eventually.ts';
import { credential, identity, one, service, settings } from './fixtures.ts';

const token = credential({ project_id: '20' });
const OPERATIONS = [one('read', '/v1/a')];

function policyOf(name: string): Authorizer {
  const grants = ['orders', 'npm'].map((each) => ({ service: each, scopes: ['read'], resources: ['**'] }));
  return createAuthorizer(
    settings({ identities: [identity(name, { grants })], services: [service('orders'), service('npm')] }),
  );
}

function allowOf(authorizer: Authorizer, name: string): Allow {
  const decision = authorizer.forService(name)(token, OPERATIONS);
  if (decision.kind !== 'allow') throw new Error(`the request is not allowed: ${decision.reason}`);
  return decision;
}

function headersOf(push: ReturnType<typeof createPushIdentity>, allow: Allow): string[] {
  const headers: string[] = [];
  push({ allow, operations: OPERATIONS }, headers);
  return headers;
}

const audit = createEventLine(new Map([['gitlab', 'gitlab']]), undefined);

function lineOf(allow: Allow): string {
  return audit(sampleEvent({ verified: token, caller: allow.caller, decision: allow }));
}

test('each policy and service has its own values of one cached token', () => {
  const [first, second] = [policyOf('first'), policyOf('second')];
  const plain = createPushIdentity({});
  const other = createPushIdentity({ 'X-Project': '{claims.project_id}' });
  // Twice: computed, then from the cache.
  for (let n = 0; n < 2; n++) {
    for (const [policy, name] of [[first, 'first'] as const, [second, 'second'] as const]) {
      for (const each of ['orders', 'npm']) {
        const allow = allowOf(policy, each);
        expect(allow.caller?.identity).toBe(name);
        expect(headersOf(plain, allow)).toEqual(expect.arrayContaining(['X-Auth-Identity', name]));
        expect(headersOf(plain, allow)).not.toContain('X-Project');
        expect(headersOf(other, allow)).toEqual(expect.arrayContaining(['X-Project', '20']));
        expect(lineOf(allow)).toContain(`"user":{"name":"${name}"`);
      }
      expect(policy.forService('orders')(token, OPERATIONS)).toBe(allowOf(policy, 'orders'));
      expect(allowOf(policy, 'orders')).not.toBe(allowOf(policy, 'npm'));
    }
  }
});

test('the same claims in two credentials: no value is shared', () => {
  const policy = policyOf('first');
  const push = createPushIdentity({ 'X-Job': '{claims.job_id}' });
  const jobs = ['1', '2'].map((job_id) => credential({ project_id: '20', job_id }, { jti: `jti-${job_id}` }));
  for (const [at, each] of [...jobs, ...jobs].entries()) {
    const decision = policy.forService('orders')(each, OPERATIONS);
    if (decision.kind !== 'allow') throw new Error(decision.reason);
    expect(headersOf(push, decision)).toEqual(expect.arrayContaining(['X-Job', String((at % 2) + 1)]));
    const line = audit(sampleEvent({ verified: each, caller: decision.caller, decision }));
    expect(line).toContain(`"jti":"jti-${(at % 2) + 1}"`);
  }
});

test('a cached token and the audit log do not keep an earlier policy in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [policy, caller] = usedPolicy();
  await eventually('both are collected', () => {
    collect();
    return policy.deref() === undefined && caller.deref() === undefined;
  });
  // The token is still in use, with the next policy.
  expect(allowOf(policyOf('second'), 'orders').caller?.identity).toBe('second');
});

/** In a function, so that no variable of the test refers to the policy. */
function usedPolicy(): readonly [WeakRef<Authorizer>, WeakRef<object>] {
  const policy = policyOf('first');
  const allow = allowOf(policy, 'orders');
  headersOf(createPushIdentity({}), allow);
  lineOf(allow);
  if (allow.caller === undefined) throw new Error('no caller');
  return [new WeakRef(policy), new WeakRef(allow.caller)];
}
