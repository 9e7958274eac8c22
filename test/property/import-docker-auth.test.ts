/** Grants of `gatehouse import docker-auth` against the ACL that they replace. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccountAccess } from '../../src/cli/import/docker-auth/account-access.ts';
import type { AclRule } from '../../src/cli/import/docker-auth/acl.ts';
import { RuleMatcher } from '../../src/cli/import/docker-auth/rule-matcher.ts';
import { Differences } from '../../src/cli/import/imported.ts';
import { compileGlob } from '../../src/util/text/glob.ts';

const USER = { line: 1, account: 'ci', labels: new Map([['project', ['web', 'api']]]) };
const SCOPES = { pull: 'read_registry', push: 'write_registry', delete: 'delete_registry' } as const;
const ACTIONS = ['pull', 'push', 'delete'] as const;

const NAMES = [
  'a',
  'acme',
  'web',
  'acme/web',
  'acme/api',
  'api/x',
  'web/x',
  'ci/x',
  'acme/web/x',
  'base/acme',
  'x/y/z',
];

const rules = fc.array(
  fc.record({
    account: fc.constantFrom(undefined, 'ci', 'c*', '/^ci$/', 'other', '${account}'),
    name: fc.constantFrom(
      undefined,
      '*',
      'acme/*',
      'acme/web',
      '*/*',
      '/^acme/.*$/',
      '/web/',
      '/^(acme|base)/[^/]+$/',
      '${account}/*',
      '${labels:project}/*',
      'web-??',
      '/^acme/[a-w]+$/',
      '[aw]*',
      '/^x/.+/z$/',
    ),
    actions: fc.oneof(fc.constant(['*']), fc.subarray([...ACTIONS])),
    ip: fc.boolean().map((given) => (given ? ['ip "10.0.0.0/8"'] : [])),
  }),
  { maxLength: 6 },
);

test('no account gains access; without differences, it keeps all of its access', () => {
  fc.assert(
    fc.property(rules, (sources) => {
      const acl = sources.map(({ account, name, actions, ip }, index): AclRule => ({
        line: index + 1,
        account,
        type: undefined,
        name,
        labels: new Map(),
        otherConditions: ip,
        actions,
      }));
      const differences = new Differences('auth_config.yml');
      const access = new AccountAccess(USER, differences);
      for (const rule of acl) access.add(rule);
      const grants = access.grants();
      for (const name of NAMES) {
        // Clients inside and outside of the network.
        const allowed = [true, false].map((inside) => allowedActions(acl, name, inside));
        for (const action of ACTIONS) {
          const granted = grants.some(
            ({ scopes, resources }) =>
              scopes.includes(SCOPES[action]) && resources.some((pattern) => compileGlob(pattern).test(name)),
          );
          if (granted)
            expect([name, action, allowed.every((each) => each.has(action))]).toEqual([name, action, true]);
          else if (differences.list().length === 0)
            expect(allowed.some((each) => each.has(action))).toBe(false);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

/** The first matching rule decides (docker_auth, authz/acl.go). */
function allowedActions(acl: readonly AclRule[], name: string, inside: boolean): ReadonlySet<string> {
  const rule = acl.find((each) => {
    const matcher = new RuleMatcher(each, USER);
    const applies = inside || each.otherConditions.length === 0;
    return applies && matcher.matchesAccount() === 'yes' && matcher.matchesName(name) === 'yes';
  });
  if (rule === undefined) return new Set();
  return new Set(rule.actions.length === 1 && rule.actions[0] === '*' ? ACTIONS : rule.actions);
}
