/** Delegated policy files of a running process. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const delegated = (resource: string): string => `version: 1
identities:
  web-ui:
    issuer: gitlab
    match: { namespace_path: web, project_id: "31" }
    grants: [{ service: orders, scopes: [read_api], resources: ["${resource}"] }]
`;

function startDelegation() {
  return startProcessScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    files: () => ({ 'web.yaml': delegated('/web/**') }),
    config: ({ issuer, upstream }) => `issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [write_api], resources: ["**"] }]
delegations:
  - files: web.yaml
    grants: [{ service: orders, scopes: [read_api], resources: ["/web/**"] }]
    issuers: [gitlab]
    match: { namespace_path: web }
  - files: teams/*.yaml
    grants: [{ service: orders, scopes: [read_api], resources: ["/web/**"] }]
    issuers: [gitlab]
    match: { namespace_path: web }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  });
}

async function probe({ issuer, gateway }: Awaited<ReturnType<typeof startDelegation>>) {
  const get = async (path: string, projectId: string): Promise<number> => {
    const token = issuer.mint({ project_id: projectId, namespace_path: 'web' });
    const answer = await fetch(gateway.url + path, { headers: { Authorization: `Bearer ${token}` } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const status = (await (await fetch(`${gateway.adminUrl}/status`)).json()) as {
    reload: { ok: boolean; delegated: { file: string; state: string; problems: string[] }[] };
  };
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  return {
    web: await get('/orders/web/a', '31'),
    payments: await get('/orders/a', '20'),
    ops: await get('/orders/web/a', '32'),
    reload: status.reload,
    states: [...metrics.matchAll(/^gatehouse_config_delegated_files\{state="(\w+)"\} (\d)$/gm)]
      .filter(([, , count]) => count !== '0')
      .map(([, state, count]) => `${state} ${count}`),
  };
}

test('a delegated file with an error keeps its last valid version while other changes take effect', async () => {
  const scenario = await startDelegation();
  const { folder, file, gateway } = scenario;
  const edit = (change: (yaml: string) => string): void =>
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  expect(await probe(scenario)).toMatchObject({ web: 200, payments: 403, ops: 403, states: ['current 1'] });

  writeFileSync(join(folder, 'web.yaml'), delegated('/admin/**'));
  edit((yaml) => yaml.replace('[write_api]', '[read_api]'));
  await eventually(
    'the change of the main configuration',
    async () => (await probe(scenario)).payments === 200,
  );
  await eventually('the state', async () => (await probe(scenario)).states.join() === 'previous 1');
  expect(await probe(scenario)).toMatchObject({
    web: 200,
    reload: {
      ok: true,
      delegated: [
        {
          file: join(folder, 'web.yaml'),
          state: 'previous',
          problems: [expect.stringMatching(/web\.yaml:6:\d+: .*resources\[0\]: is not contained/)],
        },
      ],
    },
  });
  expect(gateway.log()).toContainEqual(
    expect.objectContaining({
      message: 'a delegated file is invalid; its last valid version stays active',
      'log.level': 'error',
    }),
  );

  edit((yaml) => yaml.replace('resources: ["/web/**"]', 'resources: ["/web/b"]'));
  await eventually('the removal', async () => (await probe(scenario)).web === 403);
  expect((await probe(scenario)).states).toEqual(['omitted 1']);

  writeFileSync(join(folder, 'web.yaml'), delegated('/web/b'));
  await eventually('the corrected file', async () => (await probe(scenario)).states.join() === 'current 1');

  // A new directory, and then a change in it.
  mkdirSync(join(folder, 'teams'));
  const ops = (project: string): string =>
    delegated('/web/**').replace('web-ui', 'web-ops').replace('31', project);
  writeFileSync(join(folder, 'teams/ops.yaml'), ops('33'));
  await eventually('the new file', async () => (await probe(scenario)).states.join() === 'current 2');
  writeFileSync(join(folder, 'teams/ops.yaml'), ops('32'));
  await eventually('the change in the directory', async () => (await probe(scenario)).ops === 200);
});

test('serve refuses to start with a delegated file that has an error', async () => {
  const { folder, file } = await startDelegation();
  writeFileSync(join(folder, 'web.yaml'), delegated('/admin/**'));
  const serve = await run(process.execPath, [join(ROOT, 'src/main.ts'), 'serve', '--config', file]);
  expect(serve).toMatchObject({ code: 2, stderr: expect.stringContaining('web.yaml:6:') as string });
  const check = await run(process.execPath, [join(ROOT, 'src/main.ts'), 'check', '--config', file]);
  expect(check).toMatchObject({ code: 1, stdout: expect.stringContaining('is not contained') as string });
});
