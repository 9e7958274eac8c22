/**
 * M5: a client without a valid credential cannot exhaust the budget of another client (threats.md,
 * docs/adr/0026-introspection-budgets.md).
 */
import { hash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startGitlab, type TestDeployToken } from '../support/gitlab.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const [ATTACKER, VICTIM] = ['127.0.0.66', '127.0.0.7'];
/**
 * GitLab's limit of failures before it bans an address, and its window in milliseconds
 * (doc/security/rate_limits.md).
 */
const BAN = { failures: 30, window: 180_000 };

/** Secret of a deploy token of the configuration, which is not introspected. */
const PROBE = `ghdt_probe_${'7'.repeat(64)}`;

let clock: FrozenClock;
beforeEach(() => {
  clock = new FrozenClock();
});
const scenario = useScenarioPerTest({
  backends: {
    gitlab: async () => {
      const gitlab = await startGitlab({ clock, bans: ['jwtAuth'] });
      gitlab.project(20, 'acme/payments');
      return gitlab;
    },
    upstream: () => startRecordingUpstream(),
  },
  clock: { now: () => clock.now() },
  config: ({ gitlab, upstream }) => `
issuers:
  gitlab:
    type: gitlab
    issuer: "${gitlab.url}"
    jobTokens: { cache: 30s }
    deployTokens: { cache: 60s, probe: acme/payments }
identities:
  puller:
    issuer: gitlab
    via: [deploy_token]
    allowMutableNames: true
    match: { registry_access: { contains: "repository:acme/payments:pull" } }
    grants: [{ service: api, scopes: [read_api], resources: ["**"] }]
  job:
    issuer: gitlab
    via: [job_token]
    match: { project_id: "20" }
    grants:
      - { service: api, scopes: [read_api], resources: ["**"] }
      - { service: gitlab, scopes: [trigger_pipeline], resources: ["id:20"] }
      - { service: git, scopes: [read_repository], resources: ["**"] }
deployTokens:
  probe:
    username: probe
    secretHash: "sha256:${hash('sha256', PROBE)}"
    grants: [{ service: api, scopes: [read_api], resources: ["**"] }]
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
  gitlab:
    type: gitlab
    hosts: [gitlab.example.com]
    upstream: { url: "${upstream.url}/", connections: 8, auth: { forwardCredential: true } }
  git:
    type: git
    path: /git/
    anonymous: [{ scopes: [read_repository], resources: ["**"] }]
    upstream: { url: "${upstream.url}/", connections: 8 }
`,
  server: { more: ['trustedProxies: [127.0.0.200]'] },
});

type Lines = readonly string[];

const deploy = (username: string, secret: string): Lines => [
  `Authorization: Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
];
const good = ({ username, token }: TestDeployToken): Lines => deploy(username, token);
const job = (token: string): Lines => [`JOB-TOKEN: ${token}`];
const fake = (n: number, username = `user-${n}`): Lines => deploy(username, `gldt-fake-${n}`);
const junk = (n: number | string): Lines => job(`glcbt-junk-${n}`);
const range = <T>(length: number, make: (n: number) => T): T[] => Array.from({ length }, (_, n) => make(n));

const head = (lines: Lines, path: string, ...more: Lines): string =>
  [`GET ${path} HTTP/1.1`, 'Host: gateway.example.com', ...lines, ...more, '', ''].join('\r\n');

/** One request on a new connection from this address; addresses outside 127/8 use the trusted proxy. */
async function send(from: string, lines: Lines, path = '/api/x'): Promise<RawResponse> {
  const direct = from.startsWith('127.');
  const client = await openConversation(scenario.gateway.port, direct ? from : '127.0.0.200');
  client.write(head(lines, path, 'Connection: close', ...(direct ? [] : [`X-Forwarded-For: ${from}`])));
  const [answer] = await client.answers();
  if (answer === undefined) throw new Error(`no answer: ${client.error() ?? ''}`);
  return answer;
}

const statusOf = async (from: string, lines: Lines): Promise<number> => (await send(from, lines)).status;
const statuses = (from: string, requests: readonly Lines[]): Promise<number[]> =>
  Promise.all(requests.map((lines) => statusOf(from, lines)));

function count(values: readonly number[], value: number): number {
  return values.filter((other) => other === value).length;
}

/** Sends all requests sequentially on one connection. */
async function inOneConnection(from: string, requests: readonly Lines[]): Promise<number[]> {
  const client = await openConversation(scenario.gateway.port, from);
  const answers = (): readonly number[] =>
    [...client.received().matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  for (const [n, lines] of requests.entries()) {
    client.write(head(lines, '/api/x'));
    await eventually(`answer ${n + 1}`, () => answers().length > n);
  }
  client.destroy();
  return [...answers()];
}

/** Advances the clock, and lets the gateway reload its revocation list, which would be stale. */
async function advance(milliseconds: number): Promise<void> {
  clock.advance(milliseconds);
  await eventually(
    'the list of revocations',
    async () => (await statusOf(VICTIM, deploy('probe', PROBE))) === 200,
  );
}

/** Edits and reloads the configuration. */
async function reload(edit: (yaml: string) => string): Promise<void> {
  expect(await scenario.gateway.reload(edit)).toBe(true);
}

/** Number of failures that GitLab counts towards a ban. */
const failures = (): number =>
  scenario.gitlab.seen.filter(({ endpoint, status }) => endpoint === 'jwtAuth' && status === 401).length;

describe('GitLab deploy tokens', () => {
  test('13 forged secrets from one address do not affect the first use from another address', async () => {
    const token = scenario.gitlab.deployToken({ project: 'acme/payments' });
    const answers = await statuses(
      ATTACKER,
      range(13, (n) => fake(n)),
    );
    expect(count(answers, 200)).toBe(0);
    expect(await statusOf(VICTIM, good(token))).toBe(200);
  });

  test('a continuous flood from one address does not affect it either', async () => {
    for (let round = 0; round < 10; round++) {
      await statuses(
        ATTACKER,
        range(30, (n) => fake(round * 100 + n)),
      );
      expect(await statusOf(VICTIM, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(
        200,
      );
      await advance(7_000);
    }
    expect(failures()).toBeLessThan(BAN.failures);
  });

  test('attempts refused for budget count against their address', async () => {
    const answers: number[] = [];
    for (let n = 0; n < 40; n++) answers.push(await statusOf(ATTACKER, fake(n)));
    const failed = failures();
    expect(failed).toBeLessThan(10);
    // server.limits.authFailures.perAddress is 30: 401 or 503 until then, 429 from then on.
    expect([count(answers, 401), count(answers, 503), count(answers, 429)]).toEqual([
      failed,
      30 - failed,
      10,
    ]);
    const refused = await send(ATTACKER, fake(99));
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 60]);
    // Only this address: a refused credential from another address still gets 401.
    expect(await statusOf(VICTIM, deploy('somebody', 'gldt-mistyped'))).toBe(401);
  });

  test('an address regains its budget after the window', async () => {
    for (let n = 0; n < 10; n++) await statusOf(ATTACKER, fake(n));
    const token = scenario.gitlab.deployToken({ project: 'acme/payments' });
    const refused = await send(ATTACKER, good(token));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '180']);
    await advance(BAN.window - 1);
    expect(await statusOf(ATTACKER, good(token))).toBe(503);
    await advance(1);
    expect(await statusOf(ATTACKER, good(token))).toBe(200);
  });

  test('another user name behind the same address keeps its share', async () => {
    await statuses(
      ATTACKER,
      range(30, (n) => fake(n, 'gitlab+deploy-token-1')),
    );
    expect(await statusOf(ATTACKER, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(
      200,
    );
  });

  test('many addresses never reach the threshold of a ban, and do not reach the reserve', async () => {
    // This address has a confirmed credential.
    expect(await statusOf(VICTIM, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(200);
    const known = scenario.gitlab.deployToken({ project: 'acme/payments' });
    expect(await statusOf('127.0.0.8', good(known))).toBe(200);
    for (let round = 0; round < 7; round++) {
      for (let n = 0; n < 12; n++) {
        const addresses = [`127.0.1.${n}`, `203.0.113.${n}`, `2001:db8:${round}:${n}::1`];
        await Promise.all(addresses.map((from) => statusOf(from, fake(round * 1_000 + n))));
      }
      expect(await statusOf(VICTIM, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(
        200,
      );
      expect(await statusOf('127.0.0.8', good(known))).toBe(200);
      await advance(30_000);
    }
    // GitLab responds with 403 to every request of a banned address.
    expect(failures()).toBeGreaterThan(16);
    expect(scenario.gitlab.seen.filter(({ status }) => status === 403)).toEqual([]);
  });

  test('the networks of one IPv6 site use at most half of the budget', async () => {
    for (let n = 0; n < 40; n++) await statusOf(`2001:db8:1:${n.toString(16)}::1`, fake(n));
    expect(
      await statusOf('2001:db8:2::1', good(scenario.gitlab.deployToken({ project: 'acme/payments' }))),
    ).toBe(200);
    expect(await statusOf(VICTIM, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(200);
  });

  test('tokens that expire together do not lead to a ban either', async () => {
    const tokens = range(60, () => scenario.gitlab.deployToken({ project: 'acme/payments' }));
    for (const token of tokens) expect(await statusOf(VICTIM, good(token))).toBe(200);
    for (const token of tokens.slice(1)) token.revoke();
    await advance(61_000);
    for (const token of tokens.slice(1))
      expect([401, 429, 503]).toContain(await statusOf(VICTIM, good(token)));
    expect(failures()).toBeLessThan(BAN.failures);
    expect(scenario.gitlab.seen.filter(({ status }) => status === 403)).toEqual([]);
    await advance(BAN.window);
    expect(await statusOf(VICTIM, good(tokens[0] ?? scenario.gitlab.deployToken()))).toBe(200);
  });

  test('an outage of GitLab uses no budget: the first use after it succeeds', async () => {
    await scenario.gitlab.down();
    expect(
      await statuses(
        VICTIM,
        range(40, (n) => fake(n)),
      ),
    ).toEqual(range(40, () => 503));
    await scenario.gitlab.up();
    scenario.gitlab.faults.jwtAuth = { kind: 'status', status: 500 };
    expect(
      await statuses(
        VICTIM,
        range(6, (n) => fake(n)),
      ),
    ).toEqual(range(6, () => 503));
    scenario.gitlab.faults.jwtAuth = undefined;
    expect(await statusOf(VICTIM, good(scenario.gitlab.deployToken({ project: 'acme/payments' })))).toBe(200);
  });

  test('unanswered requests may have failed at GitLab: they count for their address', async () => {
    scenario.gitlab.faults.jwtAuth = { kind: 'drop' };
    for (let n = 0; n < 40; n++) await statusOf(ATTACKER, fake(n));
    expect(scenario.gitlab.count('jwtAuth')).toBeLessThan(BAN.failures);
    scenario.gitlab.faults.jwtAuth = undefined;
    expect([429, 503]).toContain(await statusOf(ATTACKER, fake(99)));
    // One address cannot use the units of the others during an outage.
    for (let n = 0; n < 3; n++) {
      const token = scenario.gitlab.deployToken({ project: 'acme/payments' });
      expect(await statusOf(`127.0.2.${n}`, good(token))).toBe(200);
    }
  });

  test('unanswered renewals may have failed too: they do not lead to a ban', async () => {
    const tokens = range(20, () => scenario.gitlab.deployToken({ project: 'acme/payments' }));
    const use = (): Promise<number[]> => statuses(VICTIM, tokens.map(good));
    expect(await use()).toEqual(tokens.map(() => 200));
    await advance(61_000);
    const before = scenario.gitlab.count('jwtAuth');
    scenario.gitlab.faults.jwtAuth = { kind: 'drop' };
    for (let round = 0; round < 6; round++) {
      expect(await use()).toEqual(tokens.map(() => 503));
      await advance(20_000);
    }
    expect(scenario.gitlab.count('jwtAuth') - before).toBeLessThan(BAN.failures);
    scenario.gitlab.faults.jwtAuth = undefined;
    await advance(BAN.window);
    expect(await use()).toEqual(tokens.map(() => 200));
  });

  test('a client that repeats one unanswered renewal leaves units for the others', async () => {
    const [repeated, other] = [
      scenario.gitlab.deployToken({ project: 'acme/payments' }),
      scenario.gitlab.deployToken(),
    ];
    expect(await statuses(VICTIM, [repeated, other].map(good))).toEqual([200, 200]);
    await advance(61_000);
    scenario.gitlab.faults.jwtAuth = { kind: 'drop' };
    for (let n = 0; n < 30; n++) {
      expect(await statusOf(VICTIM, good(repeated))).toBe(503);
      await advance(2_000);
    }
    scenario.gitlab.faults.jwtAuth = undefined;
    expect(await statusOf(VICTIM, good(other))).toBe(200);
    await advance(10_000);
    expect(await statusOf(VICTIM, good(repeated))).toBe(200);
  });

  test('renewals at the same time do not lead to a ban if all tokens were revoked', async () => {
    const tokens = range(60, () => scenario.gitlab.deployToken({ project: 'acme/payments' }));
    const use = (from: string): Promise<number[]> => statuses(from, tokens.map(good));
    expect(await use(VICTIM)).toEqual(tokens.map(() => 200));
    const other = scenario.gitlab.deployToken({ project: 'acme/payments' });
    expect(await statusOf('127.0.0.8', good(other))).toBe(200);
    await advance(61_000);
    expect(await use(VICTIM)).toEqual(tokens.map(() => 200));
    for (const token of tokens) token.revoke();
    await advance(61_000);
    expect(count(await use(VICTIM), 200)).toBe(0);
    expect(failures()).toBeGreaterThan(6);
    expect(failures()).toBeLessThan(BAN.failures);
    expect(await statusOf('127.0.0.8', good(other))).toBe(200);
  });

  test('two issuers of one GitLab share the budget', async () => {
    await reload((yaml) =>
      yaml
        .replace(
          'identities:',
          `  other:
    type: gitlab
    issuer: https://gitlab.example.com
    apiUrl: "${scenario.gitlab.url}"
    deployTokens: {}
identities:`,
        )
        .replace('{ type: http, path: /api/,', '{ type: http, path: /api/, issuers: [gitlab],')
        .replace(
          'services:',
          `services:
  other: { type: http, path: /other/, issuers: [other], upstream: { url: "${scenario.upstream.url}/" } }`,
        ),
    );
    for (let n = 0; n < 40; n++) {
      await statusOf(`203.0.113.${n}`, fake(n));
      await send(`198.51.100.${n}`, fake(n), '/other/x');
    }
    expect(failures()).toBeGreaterThan(6);
    expect(failures()).toBeLessThan(BAN.failures);
  });

  test('a reload that replaces the issuer keeps the budget', async () => {
    const flood = async (round: number): Promise<void> => {
      for (let n = 0; n < 30; n++) await statusOf(`203.0.113.${n}`, fake(round * 100 + n));
    };
    for (let round = 0; round < 3; round++) {
      await flood(round);
      await reload((yaml) => yaml.replace(/cache: 6\d+s/, `cache: ${61 + round}s`));
    }
    expect(failures()).toBeGreaterThan(6);
    expect(failures()).toBeLessThan(BAN.failures);
  });
});

describe.each<['job' | 'jwtAuth', string, () => Lines, (n: number) => Lines]>([
  ['job', 'job tokens', () => job(scenario.gitlab.job().token), (n) => job(`glcbt-\${jndi:${n}}`)],
  [
    'jwtAuth',
    'GitLab deploy tokens',
    () => good(scenario.gitlab.deployToken({ project: 'acme/payments' })),
    (n) => deploy('user', `gldt-\${jndi:${n}}`),
  ],
])('responses that are not about the credential: %s', (endpoint, _, valid, hostile) => {
  test.each([403, 429] as const)(
    'a %d for the content of a token affects its client only',
    async (status) => {
      const [known, knownThere] = [valid(), valid()];
      expect(await statusOf(VICTIM, known)).toBe(200);
      expect(await statusOf(ATTACKER, knownThere)).toBe(200);
      scenario.gitlab.faults[endpoint] = { kind: 'firewall', match: 'jndi:', status, retryAfter: 60 };
      for (let n = 0; n < 3; n++) {
        const refused = await send(ATTACKER, hostile(n));
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
        // A first use from another address, and from another connection of the same address.
        expect(await statusOf(VICTIM, valid())).toBe(200);
        expect(await statusOf(ATTACKER, valid())).toBe(200);
      }
      await advance(59_000);
      await send(ATTACKER, hostile(9));
      await advance(2_000);
      expect(await statusOf(VICTIM, known)).toBe(200);
      expect(await statusOf(ATTACKER, knownThere)).toBe(200);
    },
  );

  test('each of them counts for its client', async () => {
    scenario.gitlab.faults[endpoint] = { kind: 'firewall', match: 'jndi:', status: 403 };
    await statuses(
      ATTACKER,
      range(400, (n) => hostile(n)),
    );
    expect(scenario.gitlab.count(endpoint)).toBeLessThanOrEqual(endpoint === 'job' ? 180 : 6);
    expect(await statusOf(VICTIM, valid())).toBe(200);
  });

  test('a known credential over its own rate limit does not affect others', async () => {
    const [limited, known] = [valid(), valid()];
    expect(await statuses(VICTIM, [limited, known])).toEqual([200, 200]);
    const [line = ''] = limited;
    const credential = line.startsWith('JOB-TOKEN: ')
      ? line.slice('JOB-TOKEN: '.length)
      : Buffer.from(line.slice('Authorization: Basic '.length), 'base64').toString();
    scenario.gitlab.faults[endpoint] = { kind: 'firewall', match: credential, status: 429, retryAfter: 30 };
    await advance(61_000);
    const before = scenario.gitlab.count(endpoint);
    for (let n = 0; n < 3; n++) expect(await statusOf(VICTIM, limited)).toBe(503);
    expect(scenario.gitlab.count(endpoint)).toBe(before + 1);
    expect(await statusOf(VICTIM, known)).toBe(200);
    expect(await statusOf('127.0.0.9', valid())).toBe(200);
  });

  test('a rate limit for all pauses first uses, and one request finds its end', async () => {
    const known = valid();
    expect(await statusOf(VICTIM, known)).toBe(200);
    await advance(61_000);
    scenario.gitlab.faults[endpoint] = { kind: 'rate-limited', retryAfter: 30 };
    expect(await statusOf(VICTIM, known)).toBe(503);
    const before = scenario.gitlab.count(endpoint);
    const waiting = await statuses(
      '127.0.0.9',
      range(20, () => valid()),
    );
    expect(waiting).toEqual(waiting.map(() => 503));
    expect(scenario.gitlab.count(endpoint)).toBeLessThan(before + 20);
    scenario.gitlab.faults[endpoint] = undefined;
    expect(await statusOf('127.0.0.10', valid())).toBe(200);
    expect(await statusOf(VICTIM, valid())).toBe(200);
  });
});

describe('job tokens', () => {
  test('forged tokens on the connections of one client do not affect new jobs behind the same address', async () => {
    const jobs = range(20, () => scenario.gitlab.job());
    const flood = range(4, (client) =>
      inOneConnection(
        ATTACKER,
        range(60, (n) => junk(`${client}-${n}`)),
      ),
    );
    // From the same address, like runners behind one NAT gateway.
    const answers: number[] = [];
    for (const { token } of jobs) answers.push(await statusOf(ATTACKER, job(token)));
    expect(answers).toEqual(jobs.map(() => 200));
    const refused = (await Promise.all(flood)).flat();
    expect(count(refused, 200)).toBe(0);
    // Requests over the budget are not sent to GitLab.
    expect(scenario.gitlab.count('job')).toBeLessThan(20 + 100);
    const late = range(20, () => scenario.gitlab.job());
    expect(
      await statuses(
        ATTACKER,
        late.map(({ token }) => job(token)),
      ),
    ).toEqual(late.map(() => 200));
  });

  test('as many forged tokens as jobs on new connections do not affect the jobs', async () => {
    const jobs = range(20, () => scenario.gitlab.job());
    const requests = jobs.flatMap(({ token }, n) => [...range(5, (m) => junk(`${n}-${m}`)), job(token)]);
    const answers = await statuses(ATTACKER, requests);
    expect(answers.filter((_, n) => n % 6 === 5)).toEqual(jobs.map(() => 200));
  });

  test('a flood from one address does not affect new jobs from other addresses', async () => {
    const flood = await statuses(ATTACKER, range(300, junk));
    expect(count(flood, 200)).toBe(0);
    expect(scenario.gitlab.count('job')).toBeLessThan(200);
    const jobs = range(50, () => scenario.gitlab.job());
    expect(
      await statuses(
        VICTIM,
        jobs.map(({ token }) => job(token)),
      ),
    ).toEqual(jobs.map(() => 200));
  });

  test('a previously confirmed token does not wait behind forged ones while GitLab is slow', async () => {
    const { token } = scenario.gitlab.job();
    expect(await statusOf(VICTIM, job(token))).toBe(200);
    await advance(30_000);
    scenario.gitlab.latency.job = 800;
    const flood = range(200, (n) => send(ATTACKER, junk(n)).catch(() => undefined));
    await eventually('the flood at GitLab', () => scenario.gitlab.count('job') > 8);
    const since = performance.now();
    expect(await statusOf(VICTIM, job(token))).toBe(200);
    // The duration of one response, not of a queue.
    expect(performance.now() - since).toBeLessThan(2_000);
    scenario.gitlab.latency.job = undefined;
    await Promise.all(flood);
  });

  test('confirmed tokens return their budget: 600 new jobs of one address in one minute', async () => {
    for (let round = 0; round < 20; round++) {
      const jobs = range(30, () => scenario.gitlab.job());
      expect(
        await statuses(
          VICTIM,
          jobs.map(({ token }) => job(token)),
        ),
      ).toEqual(jobs.map(() => 200));
    }
  });

  test('many addresses: GitLab receives at most 450 refused requests per minute', async () => {
    for (let n = 0; n < 30; n++) {
      await statuses(
        `203.0.113.${n}`,
        range(40, (m) => junk(`${n}-${m}`)),
      );
    }
    expect(scenario.gitlab.count('job')).toBeLessThanOrEqual(450);
  });
});

describe('slots for bodies that are read before the decision', () => {
  const post = (path: string, host: string, body: string, sent: string, ...lines: Lines): string =>
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      ...lines,
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      sent,
    ].join('\r\n');
  const trigger = (body: string, sent: string): string =>
    post(
      '/api/v4/projects/20/trigger/pipeline',
      'gitlab.example.com',
      body,
      sent,
      'Content-Type: application/x-www-form-urlencoded',
    );
  const batch = (body: string, sent: string, ...lines: Lines): string =>
    post(
      '/git/acme/app.git/info/lfs/objects/batch',
      'gateway.example.com',
      body,
      sent,
      'Content-Type: application/vnd.git-lfs+json',
      ...lines,
    );
  const objects = '{"operation":"download","transfers":["basic"],"objects":[]}';

  test.each<[string, () => string, () => string]>([
    [
      'a form with a credential',
      () => trigger('x'.repeat(100), ''),
      () => {
        const form = `token=${scenario.gitlab.job().token}&ref=main`;
        return trigger(form, form);
      },
    ],
    ['an anonymous request, against another', () => batch(objects, ''), () => batch(objects, objects)],
    [
      'an anonymous request, against one with a credential',
      () => batch(objects, ''),
      () =>
        batch(
          objects,
          objects,
          `Authorization: Basic ${Buffer.from(`gitlab-ci-token:${scenario.gitlab.job().token}`).toString('base64')}`,
        ),
    ],
  ])('%s: stalled bodies of one address leave slots for others', async (_, stall, use) => {
    scenario.upstream.respond(
      'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.git-lfs+json\r\nContent-Length: 14\r\n\r\n{"objects":[]}',
    );
    const stalled = await Promise.all(
      range(20, async () => {
        const client = await openConversation(scenario.gateway.port, ATTACKER);
        client.write(stall());
        return client;
      }),
    );
    await eventually('the refusal of those over the limit', () =>
      stalled.some((client) => client.received().includes('503')),
    );
    const victim = await openConversation(scenario.gateway.port, VICTIM);
    victim.write(use());
    expect((await victim.answers()).map(({ status }) => status)).toEqual([200]);
    for (const client of stalled) client.destroy();
  });
});
