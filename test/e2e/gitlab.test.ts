/** GitLab's endpoints with curl as in GitLab's documentation, and Git below the same root. */
import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { curl } from '../support/curl.ts';
import { gitClient } from '../support/git-client.ts';
import { startGitlabInstance, type TestGitlabInstance } from '../support/gitlab-instance.ts';
import { needs } from '../support/needs.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const DEPLOY_SECRET = `ghdt_edge_${'8'.repeat(64)}`;
const READER_SECRET = `ghdt_reader_${'9'.repeat(64)}`;
const ALL =
  '[read_api, write_api, read_repository, write_repository, read_package_registry, write_package_registry, trigger_pipeline, ' +
  'read_artifacts, read_releases, write_releases, read_terraform_state, write_terraform_state]';

needs('curl', 'git').describe('a GitLab', () => {
  const { test } = needs('curl', 'git');

  const upstream = ({ url }: TestGitlabInstance, auth: string): string => `{ url: "${url}/", auth: ${auth} }`;
  const scenario = useJobScenario({
    backends: (gitlab) => ({ instance: () => startGitlabInstance(gitlab) }),
    config: ({ gitlab, instance }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms }, projects: { "42": acme/base-images, "43": acme/secrets } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: gitlab, scopes: ${ALL}, resources: ["acme/payments", "acme/base-images", "acme/secrets"] }
      - { service: triggers, scopes: [trigger_pipeline, read_package_registry], resources: ["id:20", "acme/base-images"] }
      - { service: code, scopes: [read_repository, write_repository], resources: ["{claims.project_path}"] }
jobTokenAllowlist:
  acme/base-images: [acme/payments]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: gitlab, scopes: [read_package_registry, read_api], resources: ["id:20"] }]
  reader:
    username: reader
    secretHash: "sha256:${hash('sha256', READER_SECRET)}"
    grants: [{ service: gitlab, scopes: [read_releases], resources: ["id:20"] }]
services:
  gitlab:
    type: gitlab
    upstream: ${upstream(instance, `{ header: { name: PRIVATE-TOKEN, value: ${instance.privateToken} } }`)}
  triggers: { type: gitlab, hosts: [triggers.example.com], upstream: ${upstream(instance, '{ forwardCredential: true }')} }
  registry: { type: oci, upstream: { url: "${instance.url}" } }
  code:
    type: gitlab
    hosts: [code.example.com]
    upstream: ${upstream(instance, `{ basic: { username: ${instance.username}, password: ${instance.password} } }`)}
`,
  });
  beforeAll(async () => {
    await scenario.instance.repository('acme/payments');
    writeFileSync(join(scenario.folder, 'file.txt'), 'content\n');
  }, 60_000);

  const api = (path: string): string => `${scenario.gateway.url}/api/v4/${path}`;
  const jobToken = (): readonly string[] => ['--header', `JOB-TOKEN: ${scenario.job.token}`];
  const idToken = (): readonly string[] => ['--header', `Authorization: Bearer ${scenario.job.idToken()}`];
  const deployToken = ['--header', `DEPLOY-TOKEN: ${DEPLOY_SECRET}`];
  const reader = ['--header', `DEPLOY-TOKEN: ${READER_SECRET}`];
  const FILE = 'projects/20/packages/generic/app/1.0.0/file.txt';

  async function reason(...args: readonly string[]): Promise<string> {
    const answer = await curl(...args);
    const { error } = JSON.parse(answer.body) as { error?: string };
    return `${answer.status} ${error}`;
  }

  test('a package is uploaded with a job token and read with each credential class', async () => {
    expect(
      (await curl(...jobToken(), '--upload-file', join(scenario.folder, 'file.txt'), api(FILE))).status,
    ).toBe(201);
    for (const credential of [jobToken(), idToken(), deployToken, ['--user', `edge:${DEPLOY_SECRET}`]]) {
      const answer = await curl(...credential, api(FILE));
      expect(answer.body, answer.head).toBe('content\n');
    }
    expect(await reason(...deployToken, '--upload-file', join(scenario.folder, 'file.txt'), api(FILE))).toBe(
      '403 scope_not_granted',
    );
  });

  test('without a credential there is a challenge, with two there is none', async () => {
    const nobody = await curl(api(FILE));
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
    expect(await reason(...jobToken(), ...idToken(), api(FILE))).toBe('400 credential_conflict');
  });

  test('a project id or path is forwarded byte for byte', async () => {
    for (const id of ['20', 'acme%2Fpayments', 'acme%2fpayments', '42', 'acme%2Fbase-images']) {
      expect((await curl(...idToken(), api(`projects/${id}/releases`))).status, id).toBe(200);
      expect(scenario.instance.calls.at(-1)?.url).toBe(`/api/v4/projects/${id}/releases`);
    }
    for (const id of ['21', 'acme%2Fother', '020', 'payments', 'acme%2F.git', 'acme%2Fpayments.git'])
      expect(await reason(...idToken(), api(`projects/${id}/releases`)), id).toMatch(/^403 /);
  });

  test('a job token reaches projects that allow its own, and never other API endpoints', async () => {
    expect((await curl(...jobToken(), api('projects/42/releases'))).status).toBe(200);
    expect(await reason(...jobToken(), api('projects/43/releases'))).toBe('403 job_token_not_allowlisted');
    expect((await curl(...idToken(), api('projects/43/releases'))).status).toBe(200);
    expect(await reason(...jobToken(), api('projects/20'))).toBe('403 scope_not_granted');
    expect(await reason(...jobToken(), '--request', 'POST', api('projects/20/issues'))).toBe(
      '403 scope_not_granted',
    );
    expect((await curl(...idToken(), api('projects/20'))).status).toBe(200);
  });

  test('job artifacts, and Terraform state with locks', async () => {
    const artifacts = await curl(...jobToken(), api('projects/20/jobs/artifacts/main/download?job=test'));
    expect(artifacts.body).toBe('PK');
    const state = api('projects/20/terraform/state/production');
    const user = ['--user', `gitlab-ci-token:${scenario.job.token}`];
    expect((await curl(...user, '--request', 'POST', `${state}/lock`, '--data', '{}')).status).toBe(201);
    expect((await curl(...user, '--request', 'POST', state, '--data', '{"version":4}')).status).toBe(201);
    expect((await curl(...user, state)).body).toBe('{"version":4}');
    expect((await curl(...user, '--request', 'DELETE', `${state}/lock`)).status).toBe(204);
  });

  test('a job creates a release with links, readers read it, and the job deletes it', async () => {
    const releases = api('projects/20/releases');
    const release = { tag_name: 'v1.0.0', name: 'First', description: 'What is new' };
    const asset = { name: 'app', url: 'https://files.example.com/app.tgz' };
    const post = (body: object): readonly string[] => ['--json', JSON.stringify(body)];
    expect((await curl(...jobToken(), ...post(release), releases)).status).toBe(201);
    expect((await curl(...jobToken(), ...post(release), releases)).status).toBe(409);
    expect((await curl(...idToken(), ...post(asset), `${releases}/v1.0.0/assets/links`)).status).toBe(201);
    for (const credential of [jobToken(), idToken(), reader]) {
      const answer = await curl(...credential, `${releases}/v1.0.0`);
      expect(JSON.parse(answer.body), answer.head).toMatchObject({ ...release, assets: { links: [asset] } });
    }
    // A reader cannot write, and the scopes of the API do not include the release scopes.
    expect(await reason(...reader, ...post({ tag_name: 'v2' }), releases)).toBe('403 scope_not_granted');
    expect(await reason(...reader, '--request', 'DELETE', `${releases}/v1.0.0`)).toBe(
      '403 scope_not_granted',
    );
    expect(await reason(...deployToken, releases)).toBe('403 scope_not_granted');
    expect((await curl(...jobToken(), '--request', 'DELETE', `${releases}/v1.0.0`)).status).toBe(200);
    expect(JSON.parse((await curl(...idToken(), releases)).body)).toEqual([]);
  });

  test('endpoints that are not listed are denied for every caller', async () => {
    for (const path of [
      'api/v4/user',
      'api/v4/projects',
      'api/v4/groups/acme/packages',
      'api/v4/personal_access_tokens',
      'api/v4/projects/20/packages/conan/v1/users/authenticate',
      'api/v4/projects/20/releases.json',
      'api/graphql',
      'jwt/auth?service=container_registry',
      'acme/payments/-/raw/main/README',
    ]) {
      const answer = await curl(...idToken(), `${scenario.gateway.url}/${path}`);
      expect(answer.status, path).toBe(403);
      expect(answer.body, path).toContain('operation_unknown');
    }
  });

  test('its registry is a separate service: the gateway handles the login, independent of GitLab’s realm', async () => {
    const answer = await curl(`${scenario.gateway.url}/v2/`);
    expect(answer.headers.get('www-authenticate')).toContain(
      `/token",service="127.0.0.1:${scenario.gateway.port}"`,
    );
    expect(answer.headers.get('www-authenticate')).not.toContain('jwt/auth');
  });

  const HOST = ['--header', 'Host: triggers.example.com'];
  const TRIGGER = 'projects/20/trigger/pipeline';

  test('a pipeline is triggered with the token in a form, which is forwarded byte for byte', async () => {
    const before = scenario.instance.forms.length;
    const multipart = await curl(
      ...HOST,
      '--form',
      `token=${scenario.job.token}`,
      '--form',
      'ref=main',
      api(TRIGGER),
    );
    expect(multipart.status, multipart.body).toBe(201);
    const data = [
      '--data',
      `token=${scenario.job.token}`,
      '--data',
      'ref=main',
      '--data',
      'variables[A]=b%20c',
    ];
    expect((await curl(...HOST, ...data, api(TRIGGER))).status).toBe(201);
    const [first, second] = scenario.instance.forms.slice(before);
    const boundary = first?.type.replace('multipart/form-data; boundary=', '');
    expect(first?.body.toString()).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\n${scenario.job.token}\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="ref"\r\n\r\nmain\r\n--${boundary}--\r\n`,
    );
    expect(second?.body.toString()).toBe(`token=${scenario.job.token}&ref=main&variables[A]=b%20c`);
  });

  test('a denied trigger', async () => {
    const form = (token: string): readonly string[] => [...HOST, '--data', `token=${token}&ref=main`];
    const before = scenario.instance.forms.length;
    expect(await reason(...HOST, '--data', 'ref=main', api(TRIGGER))).toBe('401 no_credential');
    expect(await reason(...form('glcbt-64_nobody'), api(TRIGGER))).toBe('401 job_not_running');
    expect(await reason(...form(scenario.job.token), api('projects/43/trigger/pipeline'))).toBe(
      '403 resource_not_granted',
    );
    expect(
      await reason(...form(scenario.job.token), '--header', 'JOB-TOKEN: glcbt-64_other', api(TRIGGER)),
    ).toBe('400 credential_conflict');
    expect(await reason(...form(`${scenario.job.token}&token=glcbt-64_other`), api(TRIGGER))).toBe(
      '400 credential_conflict',
    );
    expect(
      await reason(
        ...HOST,
        '--json',
        JSON.stringify({ token: scenario.job.token, ref: 'main' }),
        api(TRIGGER),
      ),
    ).toBe('400 request_malformed');
    writeFileSync(join(scenario.folder, 'form'), `token=${scenario.job.token}&x=${'y'.repeat(300_000)}`);
    expect(await reason(...HOST, '--data', `@${join(scenario.folder, 'form')}`, api(TRIGGER))).toBe(
      '413 body_too_large',
    );
    // With an upstream credential, GitLab does not receive the client's credential.
    expect(await reason('--data', `token=${scenario.job.token}&ref=main`, api(TRIGGER))).toBe(
      '403 upstream_credential_missing',
    );
    expect(scenario.instance.forms).toHaveLength(before);
  });

  test('git clones and pushes below the root', async () => {
    const git = gitClient(join(scenario.folder, 'git'));
    const remote = `${scenario.gateway.url.replace('//', `//gitlab-ci-token:${scenario.job.token}@`)}/acme/payments.git`;
    const host = ['-c', 'http.extraHeader=Host: code.example.com'];
    await git.ok([...host, 'clone', '--quiet', remote, 'work']);
    writeFileSync(join(git.home, 'work/README'), 'x\n');
    await git.ok(['add', '.'], { in: 'work' });
    await git.ok(['commit', '--quiet', '-m', 'x'], { in: 'work' });
    await git.ok([...host, 'push', '--quiet', 'origin', 'HEAD:main'], { in: 'work' });
    await git.ok([...host, 'clone', '--quiet', remote, 'again']);
    expect(readFileSync(join(git.home, 'again/README'), 'utf8')).toBe('x\n');
    const denied = await git.run([...host, 'clone', remote.replace('payments', 'secrets')]);
    expect(denied.stderr).toContain('remote: error: resource_not_granted');
  });

  test('client credentials reach GitLab only with forwardCredential', () => {
    const others = scenario.instance.calls.filter(({ url }) => !url.endsWith('/trigger/pipeline'));
    for (const secret of [scenario.job.token, DEPLOY_SECRET, READER_SECRET, 'Bearer eyJ'])
      expect(JSON.stringify(others)).not.toContain(secret);
  });
});
