/** `issuers.X.liveness` at every endpoint that issues a token, at a registry, and for job tokens. */
import { beforeEach, expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import { startGitlabJobsApi } from '../support/liveness/gitlab-jobs-api.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:';
const TYPE = 'urn:ietf:params:oauth:token-type:';

let clock: FrozenClock;
let job: TestJob;
beforeEach(() => {
  clock = new FrozenClock();
});

const scenario = useScenarioPerTest({
  backends: {
    gitlab: async (): Promise<TestGitlab> => {
      const gitlab = await startGitlab({ clock });
      job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
      return gitlab;
    },
    api: () => startGitlabJobsApi(),
    upstream: () => startRecordingUpstream(),
  },
  clock: { now: () => clock.now() },
  files: { 'liveness-token': 'liveness-token-of-the-gateway' },
  config: ({ gitlab, api, upstream }) => `
issuers:
  gitlab:
    type: gitlab
    issuer: "${gitlab.url}"
    jobTokens: {}
    liveness: { apiUrl: "${api.url}", tokenFile: liveness-token }
identities:
  job:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api], resources: ["**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
      - { service: pypi, scopes: [write_package_registry], resources: ["**"] }
workloadIdentities:
  job@workload.example.com: { identity: job, audiences: [https://gateway.example.com] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, hosts: [registry.example.com], upstream: { url: "${upstream.url}" } }
  pypi:
    type: pypi
    hosts: [pypi.example.com]
    path: /pypi/
    trustedPublishing: { audience: https://gateway.example.com }
    upstream: { url: "${upstream.url}/" }
`,
});

const setStatus = (status: string): void => {
  scenario.api.jobs.set(`20/${job.id}`, { status, pipeline: 1212 });
};

type Issued = Readonly<Record<string, unknown>>;

async function post(path: string, body: string, type: string, host = 'gateway.example.com') {
  const headers = [
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const [response] = await scenario.send(scenario.request(`POST ${path}`, headers, body, host));
  if (response === undefined) throw new Error(`no response of ${path}`);
  return { status: response.status, json: JSON.parse(response.body) as Issued };
}

const oauth = (parameters: Readonly<Record<string, string>>) =>
  post('/oauth/token', String(new URLSearchParams(parameters)), 'application/x-www-form-urlencoded');

const registryLogin = async (token: string) => {
  const basic = `Authorization: Basic ${btoa(`ci:${token}`)}`;
  const line = 'GET /token?service=registry.example.com&scope=repository:acme/payments:pull';
  const [response] = await scenario.send(
    scenario.request(line, [basic, 'Connection: close'], '', 'registry.example.com'),
  );
  return { status: response?.status, json: JSON.parse(response?.body ?? '') as Issued };
};

test.each<[string, (token: string) => Promise<{ status: number | undefined; json: Issued }>]>([
  [
    'token exchange',
    (subject_token) =>
      oauth({ grant_type: `${GRANT}token-exchange`, subject_token, subject_token_type: `${TYPE}id_token` }),
  ],
  ['assertion', (assertion) => oauth({ grant_type: `${GRANT}jwt-bearer`, assertion })],
  [
    'workload identity',
    (token) =>
      post(
        '/v1/auth:exchangeToken',
        JSON.stringify({ token, email: 'job@workload.example.com' }),
        'application/json',
      ),
  ],
  [
    'trusted publishing',
    (token) => post('/_/oidc/mint-token', JSON.stringify({ token }), 'application/json', 'pypi.example.com'),
  ],
  ['registry login', registryLogin],
])('%s: only while the job runs', async (_name, issue) => {
  setStatus('running');
  expect((await issue(job.idToken())).status).toBe(200);
  setStatus('success');
  clock.advance(30_000);
  const refused = await issue(job.idToken());
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  const events = await scenario.gateway.audit(2);
  expect(events.at(-1)?.event.reason).toBe('job_not_running');
});

test('a registry token ends with its job', async () => {
  setStatus('running');
  const { json } = await registryLogin(job.idToken());
  const pull = async (): Promise<number | undefined> => {
    const bearer = `Authorization: Bearer ${String(json['token'])}`;
    const line = 'GET /v2/acme/payments/manifests/latest';
    const [response] = await scenario.send(
      scenario.request(line, [bearer, 'Connection: close'], '', 'registry.example.com'),
    );
    return response?.status;
  };
  expect(await pull()).toBe(200);
  setStatus('canceled');
  clock.advance(30_000);
  expect(await pull()).toBe(401);
});

test('a token that was minted from a job token ends with its job; the job token itself is introspected', async () => {
  setStatus('running');
  const { json } = await oauth({
    grant_type: `${GRANT}token-exchange`,
    subject_token: job.token,
    subject_token_type: `${TYPE}access_token`,
  });
  const use = (header: string) => scenario.statusOf('GET /orders/x', [header]);
  const minted = `Authorization: Bearer ${String(json['access_token'])}`;
  expect(await use(`JOB-TOKEN: ${job.token}`)).toBe(200);
  expect(scenario.api.requests).toEqual([]);
  expect(await use(minted)).toBe(200);
  setStatus('failed');
  clock.advance(30_000);
  expect(await use(minted)).toBe(401);
});
