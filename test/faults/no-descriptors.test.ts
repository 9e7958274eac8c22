/** Modules that the first request loads, while the gateway has no free file descriptor. */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { needs } from '../support/needs.ts';
import { run } from '../support/run.ts';
import { startProcessScenario } from '../support/scenario/process.ts';
import { faultCase } from './support/fault-case.ts';

const keep = cleanUp();

type Ask = (url: string) => Promise<{ readonly status: number | undefined; readonly body: string }>;

/** One connection, which stays open between requests unless the gateway closes it. */
function connection(): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  keep({ close: () => agent.destroy() });
  return async (url) => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Ask>>>();
    request(url, { agent }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    })
      .on('error', reject)
      .end();
    return promise;
  };
}

/** With this limit no file and no connection opens: only the standard streams have lower numbers. */
const NONE_FREE = 3;

async function limitDescriptors({ pid }: GatewayProcess, limit: number): Promise<void> {
  expect(await run('prlimit', ['--pid', String(pid), `--nofile=${limit}:`])).toExitWith(0);
}

type Use = readonly [warmUp: string, use: string];

/** Both uses without free descriptors fail with 503, and the next one has a result. */
async function expectRecovery(gateway: GatewayProcess, firstUses: readonly Use[]): Promise<void> {
  // Two connections per use: a failed load is repeated by the next request.
  const rounds = [0, 1].map(() => firstUses.map(([warmUp, use]) => ({ ask: connection(), warmUp, use })));
  await Promise.all(rounds.flat().map(({ ask, warmUp }) => ask(warmUp)));
  await limitDescriptors(gateway, NONE_FREE);
  for (const round of rounds) {
    const answers = await Promise.all(round.map(({ ask, use }) => ask(use)));
    expect(answers.map(({ status }) => status)).toEqual(round.map(() => 503));
  }
  await limitDescriptors(gateway, 1024);
  for (const [, use] of firstUses) {
    const { status, body } = await connection()(use);
    expect([use, status], body).toEqual([use, 200]);
  }
}

needs('prlimit').describe('file descriptors', () => {
  faultCase('the first use of modules without free file descriptors', 30, async (report) => {
    const { gateway, another } = await startProcessScenario({
      backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
      config: ({ issuer: { url }, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["/**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }`,
    });
    const livez = `${gateway.adminUrl}/livez`;
    await expectRecovery(gateway, [
      [livez, `${gateway.adminUrl}/revocations`],
      [livez, `${gateway.adminUrl}/console/`],
    ]);
    await gateway.close();
    // The admin API is loaded, and the console is not.
    const { adminUrl, ...second } = await another();
    await expectRecovery({ adminUrl, ...second }, [[`${adminUrl}/revocations`, `${adminUrl}/console/`]]);
    report({ refused: 6 });
  });
});
