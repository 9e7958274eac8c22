/** A configuration that is large enough for the loader thread (docs/adr/0033), in the process as users start it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

/** Some 90 KiB. `scope` is the scope of each project. */
function identities(scope: string): string {
  const entries = Array.from(
    { length: 600 },
    (_, index) =>
      `  project-${index}:\n    issuer: gitlab\n    match: { project_id: "${index + 1}" }\n    grants: [{ service: orders, scopes: [${scope}], resources: ["/p-${index + 1}/**"] }]\n`,
  );
  return `version: 1\nidentities:\n${entries.join('')}`;
}

test('a large policy: a valid change is active, an invalid one is reported with its place and changes nothing', async () => {
  const { gateway, issuer, folder } = await startProcessScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    files: () => ({ 'policy.yaml': identities('write_api') }),
    directory: true,
    config: ({ issuer: { url }, upstream }) => `issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
  });
  const policy = join(folder, 'policy.yaml');
  const get = async (): Promise<number> => {
    const headers = { Authorization: `Bearer ${issuer.mint({ project_id: '599' })}` };
    const response = await fetch(`${gateway.url}/orders/p-599/a`, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  expect(await get()).toBe(403);

  writeFileSync(policy, identities('read_api'));
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('the change is active', () => messages(gateway, 'configuration reloaded').length === 1);
  expect(await get()).toBe(200);

  writeFileSync(policy, identities('read_api').replace('issuer: gitlab', 'issuer: gitlap'));
  process.kill(gateway.pid, 'SIGHUP');
  await eventually('it is reported', () => messages(gateway, 'configuration problem').length === 1);
  expect(messages(gateway, 'configuration problem')[0]?.['problem']).toBe(
    `${policy}:4:13: identities.project-0.issuer: no issuer is named "gitlap"; did you mean "gitlab"?`,
  );
  expect(await get()).toBe(200);
});

function messages(gateway: GatewayProcess, message: string) {
  return gateway.log().filter((record) => record.message === message);
}
