import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { startChartRepository } from '../support/chart-repository.ts';
import { createContainerClients } from '../support/container-clients.ts';
import { helmBinary } from '../support/helm.ts';
import { needs } from '../support/needs.ts';
import { run, type Outcome } from '../support/run.ts';
import { runSnippet } from '../support/snippet-shell.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';

needs('nginx', 'curl').describe('a chart repository', () => {
  /** All tokens sent by clients. */
  const sent: string[] = [DEPLOY_SECRET];

  const scenario = useJobScenario({
    backends: () => ({
      repository: () => startChartRepository(),
      clients: () => Promise.resolve(createContainerClients()),
    }),
    config: ({ gitlab, repository }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: charts, scopes: [read_package_registry, write_package_registry], resources: ["acme-*"] }`,
        deployToken: '{ service: charts, scopes: [read_package_registry], resources: ["acme-*"] }',
        services: `  charts: { type: helm, path: /charts/, upstream: { url: "${repository.url}/" } }
`,
      }),
  });
  beforeAll(async () => {
    sent.push(scenario.job.token);
    for (const name of ['acme-web', 'other']) {
      await scenario.clients.helm('create', name);
      expect(await scenario.clients.helm('package', name)).toExitWith(0);
    }
  }, 60_000);

  const idToken = (): string => {
    const token = scenario.job.idToken();
    sent.push(token);
    return token;
  };
  const add = (name: string, user: string, password: string): Promise<Outcome> =>
    scenario.clients.helm(
      'repo',
      'add',
      name,
      `${scenario.gateway.url}/charts/`,
      '--username',
      user,
      '--password',
      password,
    );
  const upload = (user: string, file: string): Promise<Outcome> =>
    run('curl', [
      '-sS',
      '--fail-with-body',
      '-u',
      user,
      '-T',
      join(scenario.clients.folder, file),
      `${scenario.gateway.url}/charts/charts/`,
    ]);
  /** Generates the index as chart servers do, with absolute URLs of the server. */
  const reindex = (): Promise<Outcome> =>
    scenario.clients.helm('repo', 'index', scenario.repository.folder, '--url', scenario.repository.url);

  test('a job uploads; helm reads with an ID token, a job token and a deploy token', async () => {
    expect(await upload(`gitlab-ci-token:${scenario.job.token}`, 'acme-web-0.1.0.tgz')).toExitWith(0);
    expect(await reindex()).toExitWith(0);
    expect(readFileSync(join(scenario.repository.folder, 'index.yaml'), 'utf8')).toContain(
      scenario.repository.url,
    );

    for (const [name, user, password] of [
      ['id-token', 'job', idToken()],
      ['job-token', 'gitlab-ci-token', scenario.job.token],
      ['deploy-token', 'edge', DEPLOY_SECRET],
    ] as const) {
      const added = await add(name, user, password);
      expect(added).toExitWith(0);
      mkdirSync(join(scenario.clients.folder, name));
      const pulled = await scenario.clients.helm(
        'pull',
        `${name}/acme-web`,
        '--destination',
        join(scenario.clients.folder, name),
      );
      expect(pulled).toExitWith(0);
      expect(existsSync(join(scenario.clients.folder, name, 'acme-web-0.1.0.tgz'))).toBe(true);
    }
    // The URL in the index is the gateway's.
    expect(scenario.gateway.auditText()).toContain('/charts/charts/acme-web-0.1.0.tgz');
    const updated = await scenario.clients.helm('repo', 'update');
    expect(updated).toExitWith(0);
    const template = await scenario.clients.helm('template', 'web', 'job-token/acme-web');
    expect(template).toExitWith(0);
  }, 60_000);

  test('docs/guides/packages.md shows the client configuration', async () => {
    const place = { heading: 'Helm', host: `127.0.0.1:${scenario.gateway.port}` };
    const options = { cwd: scenario.clients.folder, program: await helmBinary() };
    for (const name of ['curl', 'helm']) {
      const done = await runSnippet({ ...place, name }, idToken(), options);
      expect(done).toExitWith(0);
    }
  });

  test('a denied request explains the reason', async () => {
    const denied = await upload(`gitlab-ci-token:${scenario.job.token}`, 'other-0.1.0.tgz');
    expect(denied).not.toExitWith(0);
    expect(denied.stdout).toContain('resource_not_granted');
    const byReader = await upload(`edge:${DEPLOY_SECRET}`, 'acme-web-0.1.0.tgz');
    expect(byReader).not.toExitWith(0);
    expect(byReader.stdout).toContain('scope_not_granted');

    await run('cp', [
      join(scenario.clients.folder, 'other-0.1.0.tgz'),
      join(scenario.repository.folder, 'charts'),
    ]);
    expect(await reindex()).toExitWith(0);
    expect(await add('mine', 'gitlab-ci-token', scenario.job.token)).toExitWith(0);
    const pulled = await scenario.clients.helm('pull', 'mine/other');
    expect(pulled).not.toExitWith(0);
    expect(pulled.stderr).toContain('resource_not_granted');
    const nobody = await scenario.clients.helm('repo', 'add', 'nobody', `${scenario.gateway.url}/charts/`);
    expect(nobody).not.toExitWith(0);
    expect(nobody.stderr).toContain('no_credential');
  }, 60_000);

  test('no client credential reaches the repository', () => {
    for (const secret of sent) expect(scenario.repository.log()).not.toContain(secret);
    expect(scenario.repository.log()).not.toMatch(/http header: "authorization/i);
    expect(scenario.repository.log()).toContain('acme-web-0.1.0.tgz');
  });
});
