import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChartRepository, type ChartRepository } from '../support/chart-repository.ts';
import { createContainerClients, type ContainerClients } from '../support/container-clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import { helmBinary } from '../support/helm.ts';
import { needs } from '../support/needs.ts';
import { run, type Outcome } from '../support/run.ts';
import { runSnippet } from '../support/snippet-shell.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';

const OK = { code: 0 };

needs('nginx', 'curl').describe('a chart repository', () => {
  let gitlab: TestGitlab;
  let repository: ChartRepository;
  let gateway: TestGateway;
  let clients: ContainerClients;
  let job: TestJob;
  /** All tokens sent by clients. */
  const sent: string[] = [DEPLOY_SECRET];

  beforeAll(async () => {
    [gitlab, repository] = await Promise.all([startGitlab(), startChartRepository()]);
    clients = createContainerClients();
    job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    sent.push(job.token);
    gateway = await startGateway(
      feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: charts, scopes: [read_package_registry, write_package_registry], resources: ["acme-*"] }`,
        deployToken: '{ service: charts, scopes: [read_package_registry], resources: ["acme-*"] }',
        services: `  charts: { type: helm, path: /charts/, upstream: { url: "${repository.url}/" } }
`,
      }),
    );
    for (const name of ['acme-web', 'other']) {
      await clients.helm('create', name);
      expect(await clients.helm('package', name)).toMatchObject(OK);
    }
  }, 60_000);
  afterAll(async () => {
    clients.close();
    await gateway.close();
    await Promise.all([repository.close(), gitlab.close()]);
  });

  const idToken = (): string => {
    const token = job.idToken();
    sent.push(token);
    return token;
  };
  const add = (name: string, user: string, password: string): Promise<Outcome> =>
    clients.helm('repo', 'add', name, `${gateway.url}/charts/`, '--username', user, '--password', password);
  const upload = (user: string, file: string): Promise<Outcome> =>
    run('curl', [
      '-sS',
      '--fail-with-body',
      '-u',
      user,
      '-T',
      join(clients.folder, file),
      `${gateway.url}/charts/charts/`,
    ]);
  /** Generates the index as chart servers do, with absolute URLs of the server. */
  const reindex = (): Promise<Outcome> =>
    clients.helm('repo', 'index', repository.folder, '--url', repository.url);

  test('a job uploads; helm reads with an ID token, a job token and a deploy token', async () => {
    expect(await upload(`gitlab-ci-token:${job.token}`, 'acme-web-0.1.0.tgz')).toMatchObject(OK);
    expect(await reindex()).toMatchObject(OK);
    expect(readFileSync(join(repository.folder, 'index.yaml'), 'utf8')).toContain(repository.url);

    for (const [name, user, password] of [
      ['id-token', 'job', idToken()],
      ['job-token', 'gitlab-ci-token', job.token],
      ['deploy-token', 'edge', DEPLOY_SECRET],
    ] as const) {
      const added = await add(name, user, password);
      expect(added, added.stderr).toMatchObject(OK);
      mkdirSync(join(clients.folder, name));
      const pulled = await clients.helm(
        'pull',
        `${name}/acme-web`,
        '--destination',
        join(clients.folder, name),
      );
      expect(pulled, pulled.stderr).toMatchObject(OK);
      expect(existsSync(join(clients.folder, name, 'acme-web-0.1.0.tgz'))).toBe(true);
    }
    // The URL in the index is the gateway's.
    expect(gateway.auditText()).toContain('/charts/charts/acme-web-0.1.0.tgz');
    const updated = await clients.helm('repo', 'update');
    expect(updated, updated.stderr).toMatchObject(OK);
    const template = await clients.helm('template', 'web', 'job-token/acme-web');
    expect(template, template.stderr).toMatchObject(OK);
  }, 60_000);

  test('docs/guides/packages.md shows the client configuration', async () => {
    const place = { heading: 'Helm', host: `127.0.0.1:${gateway.port}` };
    const options = { cwd: clients.folder, program: await helmBinary() };
    for (const name of ['curl', 'helm']) {
      const done = await runSnippet({ ...place, name }, idToken(), options);
      expect(done, done.stderr).toMatchObject(OK);
    }
  });

  test('a denied request explains the reason', async () => {
    const denied = await upload(`gitlab-ci-token:${job.token}`, 'other-0.1.0.tgz');
    expect(denied.code).not.toBe(0);
    expect(denied.stdout).toContain('resource_not_granted');
    const byReader = await upload(`edge:${DEPLOY_SECRET}`, 'acme-web-0.1.0.tgz');
    expect(byReader.code).not.toBe(0);
    expect(byReader.stdout).toContain('scope_not_granted');

    await run('cp', [join(clients.folder, 'other-0.1.0.tgz'), join(repository.folder, 'charts')]);
    expect(await reindex()).toMatchObject(OK);
    expect(await add('mine', 'gitlab-ci-token', job.token)).toMatchObject(OK);
    const pulled = await clients.helm('pull', 'mine/other');
    expect(pulled.code).not.toBe(0);
    expect(pulled.stderr).toContain('resource_not_granted');
    const nobody = await clients.helm('repo', 'add', 'nobody', `${gateway.url}/charts/`);
    expect(nobody.code).not.toBe(0);
    expect(nobody.stderr).toContain('no_credential');
  }, 60_000);

  test('no client credential reaches the repository', () => {
    for (const secret of sent) expect(repository.log()).not.toContain(secret);
    expect(repository.log()).not.toMatch(/http header: "authorization/i);
    expect(repository.log()).toContain('acme-web-0.1.0.tgz');
  });
});
