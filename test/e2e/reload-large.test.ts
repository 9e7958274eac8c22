/** A configuration that is large enough for the loader thread (docs/adr/0033), in the process as users start it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

const keep = cleanUp();

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
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-large-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  const issuer = keep(await startIssuer());
  const upstream = keep(await startRecordingUpstream());
  const config = join(folder, 'config');
  mkdirSync(config);
  writeFileSync(
    join(config, 'gatehouse.yaml'),
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com, admin: { listen: 127.0.0.1:0 } }
state: { sqlite: { file: ${join(folder, 'state.db')} } }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
  );
  const policy = join(config, 'policy.yaml');
  writeFileSync(policy, identities('write_api'));
  const gateway = keep(await startGatewayProcess(config));
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
