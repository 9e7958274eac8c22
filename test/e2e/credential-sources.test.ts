import { hash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { run } from '../support/run.ts';
import { findTool } from '../support/tools.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { eventually } from '../support/eventually.ts';
import { promptly } from '../support/promptly.ts';

const SECRET = `ghdt_edge_${'5a'.repeat(32)}`;
const OWN = 'Basic dXBzdHJlYW06c2VjcmV0';

/** The command-line arguments of a client for a token and a user name. */
type Carry = (token: string, user: string) => readonly string[];

const CURL: Readonly<Record<string, Carry>> = {
  Bearer: (token) => ['-H', `Authorization: Bearer ${token}`],
  'Basic (-u)': (token, user) => ['-u', `${user}:${token}`],
  'raw Authorization': (token) => ['-H', `Authorization: ${token}`],
  'Private-Token': (token) => ['-H', `PRIVATE-TOKEN: ${token}`],
  '?private_token': (token) => ['--url-query', `private_token=${token}`],
  '?access_token': (token) => ['--url-query', `access_token=${token}`],
  '?token': (token) => ['--url-query', `token=${token}`],
};

const WGET: Readonly<Record<string, Carry>> = {
  Bearer: (token) => ['--header', `Authorization: Bearer ${token}`],
  'Basic (after the challenge)': (token, user) => ['--user', user, '--password', token],
  'Private-Token': (token) => ['--header', `PRIVATE-TOKEN: ${token}`],
};
let minted: string;
const canaries = new Canaries();

const scenario = useJobScenario({
  backends: () => ({ upstream: () => startRecordingUpstream() }),
  config: ({ gitlab, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: ${gitlab.url}, jobTokens: { cache: 300ms } }
identities:
  payments:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: [{ service: files, scopes: [read_package_registry, write_package_registry], resources: ["acme/payments/**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: files, scopes: [read_package_registry], resources: ["acme/**"] }]
services:
  files:
    type: generic
    path: /files/
    upstream: { url: "${upstream.url}/", auth: { basic: { username: upstream, password: secret } } }
    anonymous: [{ scopes: [read_package_registry], resources: ["public/**"] }]
`,
});
beforeAll(async () => {
  for (const [what, secret] of [
    ['the job token', scenario.job.token],
    ['the ID token', scenario.job.idToken()],
    ['the deploy token', SECRET],
  ] as const) {
    canaries.add(what, secret);
  }
  minted = await exchange(scenario.job.idToken());
});

/** Exchanges a token (RFC 8693) for one of the gateway. */
async function exchange(idToken: string): Promise<string> {
  const type = 'urn:ietf:params:oauth:token-type:id_token';
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const answer = await fetch(`${scenario.gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: grant, subject_token: idToken, subject_token_type: type }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** The status and the upstream request; neither it nor the audit log may contain any form of a credential. */
async function fetchWith(
  tool: 'curl' | 'wget',
  args: readonly string[],
  path = '/files/acme/payments/a.tgz',
) {
  scenario.upstream.reset();
  const url = scenario.gateway.url + path;
  const outcome =
    tool === 'curl'
      ? await run(findTool('curl') ?? 'curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', ...args, url])
      : await run(findTool('wget') ?? 'wget', ['-q', '-S', '-O', '/dev/null', '--tries=1', ...args, url]);
  const status =
    tool === 'curl'
      ? outcome.stdout
      : outcome.stderr
          .match(/HTTP\/1\.1 (\d+)/g)
          ?.at(-1)
          ?.slice(9);
  return {
    status: Number(status),
    identity: scenario.upstream.requests()[0]?.headers.get('x-auth-identity')?.[0],
  };
}

function expectNoLeak(): void {
  expect(canaries.foundIn(scenario.upstream.bytes())).toEqual([]);
  expect(canaries.foundIn(scenario.gateway.auditText())).toEqual([]);
}

needs('curl').describe('curl, every credential source, every class', () => {
  const classes = [
    ['ID token', () => scenario.job.idToken(), 'anybody', 'payments'],
    ['job token', () => scenario.job.token, 'gitlab-ci-token', 'payments'],
    ['deploy token', () => SECRET, 'edge', 'deploy-token:edge'],
    ['minted token', () => minted, 'anybody', 'payments'],
  ] as const;
  const rows = Object.entries(CURL).flatMap(([name, carry]) =>
    classes.map(([kind, token, user, identity]) => ({ name, kind, carry, token, user, identity })),
  );

  test.each(rows)('$name with a $kind', async ({ carry, token, user, identity }) => {
    const secret = canaries.add('a token', token());
    expect(await fetchWith('curl', carry(secret, user))).toEqual({ status: 200, identity });
    expect(scenario.upstream.requests()[0]?.headers.get('authorization')).toEqual([OWN]);
    expectNoLeak();
  });

  test('JOB-TOKEN, ?job_token and Deploy-Token determine the credential class', async () => {
    expect(await fetchWith('curl', ['-H', `JOB-TOKEN: ${scenario.job.token}`])).toMatchObject({
      identity: 'payments',
    });
    expect(await fetchWith('curl', ['--url-query', `job_token=${scenario.job.token}`])).toMatchObject({
      identity: 'payments',
    });
    expect(await fetchWith('curl', ['-H', `Deploy-Token: ${SECRET}`])).toMatchObject({
      identity: 'deploy-token:edge',
    });
    expectNoLeak();
  });

  test('upload with a job token; refused with a read-only deploy token', async () => {
    const put = ['-X', 'PUT', '--data-binary', 'x'];
    expect(await fetchWith('curl', [...put, '-H', `JOB-TOKEN: ${scenario.job.token}`])).toMatchObject({
      status: 200,
    });
    expect(await fetchWith('curl', [...put, '-H', `Deploy-Token: ${SECRET}`])).toMatchObject({ status: 403 });
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('two different credentials: 400; the same one twice is accepted', async () => {
    const twice = [
      '-H',
      `Authorization: Bearer ${scenario.job.token}`,
      '-H',
      `JOB-TOKEN: ${scenario.job.token}`,
    ];
    expect(await fetchWith('curl', twice)).toMatchObject({ status: 200 });
    const two = ['-H', `Authorization: Bearer ${SECRET}`, '-H', `JOB-TOKEN: ${scenario.job.token}`];
    expect(await fetchWith('curl', two)).toEqual({ status: 400, identity: undefined });
  });

  test('a deploy token with another user name is invalid; anonymous files need no credential', async () => {
    expect(await fetchWith('curl', ['-u', `payments:${SECRET}`])).toMatchObject({ status: 401 });
    expect(await fetchWith('curl', [], '/files/public/a')).toEqual({ status: 200, identity: undefined });
    expect(await fetchWith('curl', [])).toMatchObject({ status: 401 });
  });

  test('J17 the token of a finished job is refused within the cache time', async () => {
    // 300 ms of cache, and the time of curl.
    await promptly(2_000, async () => {
      const short = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' } });
      const ask = () => fetchWith('curl', ['-H', `JOB-TOKEN: ${short.token}`]);
      expect(await ask()).toMatchObject({ status: 200 });
      short.finish();
      const since = performance.now();
      const status = await eventually('a refusal', async () => {
        const answer = await ask();
        return answer.status !== 200 && answer.status;
      });
      expect(status).toBe(401);
      return performance.now() - since;
    });
  });

  test('GitLab unreachable: 503, never an allow', async () => {
    const other = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    scenario.gitlab.faults.job = { kind: 'status', status: 500 };
    expect(await fetchWith('curl', ['-H', `JOB-TOKEN: ${other.token}`])).toEqual({
      status: 503,
      identity: undefined,
    });
    scenario.gitlab.faults.job = undefined;
    expect(await fetchWith('curl', ['-H', `JOB-TOKEN: ${other.token}`])).toMatchObject({ status: 200 });
  });
});

needs('wget').describe('wget', () => {
  test.each(Object.entries(WGET))('%s', async (_name, carry) => {
    expect(await fetchWith('wget', carry(scenario.job.token, 'gitlab-ci-token'))).toEqual({
      status: 200,
      identity: 'payments',
    });
    expect(await fetchWith('wget', carry(SECRET, 'edge'))).toEqual({
      status: 200,
      identity: 'deploy-token:edge',
    });
    expectNoLeak();
  });
});

describe('the query parameter with a credential', () => {
  test('is removed from the upstream query; other parameters are kept', async () => {
    scenario.upstream.reset();
    await fetch(`${scenario.gateway.url}/files/acme/payments/a?v=1&job_token=${scenario.job.token}&w=2`);
    expect(scenario.upstream.requests()[0]?.requestLine).toBe('GET /acme/payments/a?v=1&w=2 HTTP/1.1');
  });
});
