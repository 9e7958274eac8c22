/** C6: a request that waits after its authorization is authorized again before the upstream receives it. */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startGitlabJobsApi, type GitlabJobsApi } from '../support/liveness/gitlab-jobs-api.ts';
import { startLivenessScenario } from '../support/liveness/scenario.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { asOperator } from '../support/revocation-calls.ts';
import { startScenario } from '../support/scenario.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';
import { openWireClient } from '../support/wire/wire-client.ts';

const keep = cleanUp();

/** What happens during the wait, and the reason of the refusal. */
const CHANGES = [
  ['a revocation', 'revoked'],
  ['a reload without the grant', 'scope_not_granted'],
  ['a reload without the service', 'no_service'],
] as const;

describe('in the queue of the upstream', () => {
  /** The only place is taken by a request without a response, and a second request waits for it. */
  async function waiting() {
    const held: Socket[] = [];
    const upstream = keep(await startRecordingUpstream((socket) => void held.push(socket)));
    const scenario = keep(
      await startOrdersScenario(upstream.url, {
        upstream: 'connections: 1, queueTimeout: 60s',
        services: `  other: { type: http, path: /other/, upstream: { url: "${upstream.url}/" } }`,
      }),
    );
    const first = scenario.ask('GET', '/orders/first');
    await eventually('the first request at the upstream', () => held.length === 1);
    const second = scenario.ask('POST', '/orders/second', ['Content-Length: 0']);
    await eventually('the second request', async () =>
      (await (await fetch(`${scenario.adminUrl}/metrics`)).text()).includes('gatehouse_requests_in_flight 2'),
    );
    const release = async (): Promise<void> => {
      upstream.respond(OK);
      held[0]?.write(OK);
      expect((await first).status).toBe(200);
    };
    return { upstream, scenario, second, release };
  }

  test.each(CHANGES)('%s', async (change, reason) => {
    const { upstream, scenario, second, release } = await waiting();
    if (change === 'a revocation') {
      expect(await asOperator(scenario, { identity: 'payments' })).toBe(201);
    } else {
      const edit = (yaml: string): string =>
        change === 'a reload without the grant'
          ? yaml.replace('read_api, write_api, websocket', 'read_api')
          : yaml.replaceAll('service: orders', 'service: other').replace(/^ {2}orders: .*\n/m, '');
      expect(await scenario.reload(edit)).toBe(true);
    }
    await release();
    const refused = await second;
    expect((await scenario.audited(refused.headers.get('x-request-id'))).event.reason).toBe(reason);
    expect(upstream.requests()).toHaveLength(1);
  });

  test('an unchanged policy: it is sent', async () => {
    const { upstream, scenario, second, release } = await waiting();
    expect(await scenario.reload((yaml) => yaml.replace(', websocket]', ']'))).toBe(true);
    await release();
    expect((await second).status).toBe(200);
    expect(upstream.requests()).toHaveLength(2);
  });
});

test.each(['revoked', 'scope_not_granted'])(
  'while the body with the operation is read: %s',
  async (reason) => {
    const scenario = await startScenario({
      backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
      token: ({ issuer }) => issuer.mint(),
      config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: code, scopes: [write_repository, read_repository], resources: ["**"] }]
services:
  code: { type: git, path: /git/, upstream: { url: "${upstream.url}/" } }
`,
    });
    const { gateway, upstream } = scenario;
    const body = JSON.stringify({ operation: 'download', objects: [] });
    const client = await openWireClient(gateway.port);
    keep({ close: () => Promise.resolve(client.close()) });
    const lines = ['Content-Type: application/vnd.git-lfs+json', `Content-Length: ${body.length}`];
    client.write(
      scenario.request('POST /git/acme/payments.git/info/lfs/objects/batch', lines, body.slice(0, 5)),
    );
    await eventually('the request', async () =>
      (await (await fetch(`${gateway.adminUrl}/metrics`)).text()).includes('gatehouse_requests_in_flight 1'),
    );
    if (reason === 'revoked') expect(await asOperator(gateway, { identity: 'payments' })).toBe(201);
    else expect(await gateway.reload((yaml) => yaml.replace(', read_repository]', ']'))).toBe(true);
    client.write(body.slice(5));
    const response = await client.next();
    expect((await gateway.audited(response?.headers.get('x-request-id'))).event.reason).toBe(reason);
    expect(upstream.requests()).toEqual([]);
  },
);

test('while the issuer is asked whether the job runs: a revocation', async () => {
  const scenario = await startLivenessScenario<GitlabJobsApi>({
    type: 'gitlab',
    api: startGitlabJobsApi,
    match: 'project_id: "20"',
  });
  scenario.api.jobs.set('20/4242', { status: 'running', pipeline: 1212 });
  let answer = (): void => undefined;
  scenario.api.fault = { kind: 'wait', until: new Promise((resolve) => (answer = resolve)) };
  const response = scenario.get(scenario.mint());
  await eventually('the request to the issuer', () => scenario.api.requests.length === 1);
  expect(await asOperator(scenario.gateway, { identity: 'job' })).toBe(201);
  answer();
  expect((await response).status).toBe(401);
  expect(scenario.upstream.requests()).toEqual([]);
});
