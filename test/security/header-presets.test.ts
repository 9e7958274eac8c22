/** X2: the identity headers of `headerPreset` have the values of the gateway, whatever the client sends. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HEADER_PRESETS } from '../../src/core/headers/header-presets.ts';
import { startAuthorizerScenario, type AuthorizerScenario } from '../support/authorizer/scenario.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

const PRESETS = ['oauth2-proxy', 'remote-user', 'x-forwarded-user'] as const;

/** Written out, so that a change of the table is noticed. */
const EXPECTED: Readonly<Record<(typeof PRESETS)[number], Readonly<Record<string, string>>>> = {
  'oauth2-proxy': {
    'X-Forwarded-User': 'deployer',
    'X-Forwarded-Preferred-Username': 'deployer',
    'X-Forwarded-Groups': 'writers,readers',
  },
  'remote-user': { 'Remote-User': 'deployer', 'Remote-Groups': 'writers,readers' },
  'x-forwarded-user': { 'X-Forwarded-User': 'deployer' },
};

const NAMES = [
  'X-Forwarded-User',
  'X-Forwarded-Email',
  'X-Forwarded-Groups',
  'X-Forwarded-Preferred-Username',
  'Remote-User',
  'Remote-Groups',
  'Remote-Email',
];

const SPELLINGS: readonly (readonly [string, (name: string) => string])[] = [
  ['as they are documented', (name) => name],
  ['in capitals', (name) => name.toUpperCase()],
  ['with underscores', (name) => name.replaceAll('-', '_')],
  ['with dots', (name) => name.replaceAll('-', '.')],
];

test('all presets are covered', () => {
  expect(Object.keys(HEADER_PRESETS)).toEqual([...PRESETS]);
});

describe('the forwarder', () => {
  let scenario: AttackScenario;
  beforeAll(async () => {
    const service = (name: string, keys: string): string =>
      `${name}: { type: http, path: /${name}/, upstream: { url: "UPSTREAM/" }, ${keys}, anonymous: [{ scopes: [read_api], resources: ["/open/**"] }] }`;
    const grant = (name: string): string => `{ service: ${name}, scopes: [read_api], resources: ["/**"] }`;
    scenario = await startAttackScenario({
      services: [
        ...PRESETS.map((preset) => service(preset, `headerPreset: ${preset}`)),
        service('own', 'headerPreset: remote-user, identityHeaders: { remote_user: "{subject}", X-Team: a }'),
        service(
          'listed',
          'identityHeaders: { X-Access: "{identity}:{roles}:{scopes}", X-Roles: "r={roles}", X-Groups: "{roles},{claims.team}", X-Dn: "{claims.team},x" }',
        ),
      ].join('\n'),
      identities: `
deployer: { issuer: gitlab, match: { project_id: "30" }, roles: [writers, readers], grants: [${[...PRESETS, 'own', 'listed'].map(grant).join(', ')}] }
bare: { issuer: gitlab, match: { project_id: "31" }, grants: [${[...PRESETS, 'listed'].map(grant).join(', ')}] }
`,
      more: 'roles: { writers: [], readers: [] }',
    });
  });
  afterEach(() => scenario.reset());
  afterAll(() => scenario.close());

  async function received(token: string | undefined, path: string, lines: readonly string[] = []) {
    scenario.reset();
    const [answer] = await scenario.send(
      scenario.requestAs(token, `GET ${path} HTTP/1.1`, [...lines, 'Connection: close']),
    );
    expect(answer?.status).toBe(200);
    return receivedBy(scenario.upstream);
  }

  describe.each(PRESETS)('%s', (preset) => {
    test.each(SPELLINGS)('replaces the headers of the client, names %s', async (_, spell) => {
      const lines = NAMES.map((name) => `${spell(name)}: canary-root`);
      const request = await received(scenario.mint({ project_id: '30' }), `/${preset}/a`, lines);
      expect(request.head).not.toContain('canary-root');
      for (const name of NAMES) {
        const value = EXPECTED[preset][name];
        expect([name, valuesOf(request, name)]).toEqual([name, value === undefined ? [] : [value]]);
      }
    });

    test.each(SPELLINGS)('sends none with an anonymous request, names %s', async (_, spell) => {
      const lines = NAMES.map((name) => `${spell(name)}: canary-root`);
      const request = await received(undefined, `/${preset}/open/a`, lines);
      expect(request.head).not.toContain('canary-root');
      for (const name of NAMES) expect(valuesOf(request, name)).toEqual([]);
    });

    test('sends no groups for an identity without roles', async () => {
      const request = await received(scenario.mint({ project_id: '31' }), `/${preset}/a`);
      expect(valuesOf(request, 'X-Forwarded-Groups')).toEqual([]);
      expect(valuesOf(request, 'Remote-Groups')).toEqual([]);
    });
  });

  test('identityHeaders replaces a header of the preset, in any spelling', async () => {
    const request = await received(scenario.mint({ project_id: '30', sub: 'job-7' }), '/own/a');
    expect(request.head).toContain('remote_user: job-7');
    expect(valuesOf(request, 'Remote-User')).toEqual(['job-7']);
    expect(valuesOf(request, 'Remote-Groups')).toEqual(['writers,readers']);
    expect(valuesOf(request, 'X-Team')).toEqual(['a']);
  });

  test('templates contain roles and scopes', async () => {
    const request = await received(scenario.mint({ project_id: '30' }), '/listed/a');
    expect(valuesOf(request, 'X-Access')).toEqual(['deployer:writers,readers:read_api']);
    expect(valuesOf(request, 'X-Roles')).toEqual(['r=writers,readers']);
    const bare = await received(scenario.mint({ project_id: '31' }), '/listed/a');
    expect(valuesOf(bare, 'X-Access')).toEqual([]);
    expect(valuesOf(bare, 'X-Roles')).toEqual([]);
  });

  test('a claim beside a list is one entry of it', async () => {
    const token = scenario.mint({ project_id: '30', team: 'a,admins' });
    const request = await received(token, '/listed/a');
    expect(valuesOf(request, 'X-Groups')).toEqual(['writers,readers,a%2Cadmins']);
    expect(valuesOf(request, 'X-Dn')).toEqual(['a,admins,x']);
  });
});

describe('the authorizer', () => {
  let scenario: AuthorizerScenario;
  beforeAll(async () => {
    scenario = await startAuthorizerScenario({
      app: ', headerPreset: remote-user, identityHeaders: { X-Scopes: "{scopes}" }',
    });
    return () => scenario.close();
  });

  test.each(['nginx', 'forward', 'envoy'] as const)(
    '%s: the response contains the headers',
    async (contract) => {
      const response = await scenario.ask(contract, {
        target: '/api/a',
        headers: [scenario.bearer, 'Remote-User: canary-root'],
      });
      expect(response.status).toBe(200);
      expect(response.headers.get('remote-user')).toBe('payments');
      expect(response.headers.get('x-scopes')).toBe('read_api');
    },
  );

  test.each(['REMOTE_USER', 'Remote.User', 'Remote-Name', 'X-Forwarded-User'])(
    'refuses %s, which the proxy does not replace',
    async (name) => {
      const response = await scenario.ask('nginx', {
        target: '/api/a',
        headers: [scenario.bearer, `${name}: canary-root`],
      });
      expect((await scenario.audited(response)).event.reason).toBe('header_refused');
    },
  );
});
