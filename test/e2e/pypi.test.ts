import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  buildDistribution,
  needsPython,
  python,
  pythonProgram,
  startDevpi,
  startPypiserver,
  type PythonIndex,
} from '../support/python.ts';
import type { Outcome } from '../support/run.ts';
import { runSnippet } from '../support/snippet-shell.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

needsPython.describe('Python packages', () => {
  let wheel: string;
  let source: string;
  let foreign: string;
  /** All tokens sent by clients. */
  const sent: string[] = [DEPLOY_SECRET];

  const upstream = ({ url, username, password }: PythonIndex): string =>
    `{ url: "${url}/", auth: { basic: { username: ${username}, password: ${password} } } }`;
  const scenario = useJobScenario({
    backends: () => ({ pypiserver: () => startPypiserver(), devpi: () => startDevpi() }),
    config: ({ gitlab, pypiserver, devpi }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
roles:
  reader:
    - { service: pypi, scopes: [read_package_registry], resources: ["acme-*"] }
    - { service: devpi, scopes: [read_package_registry], resources: ["acme-*"] }
identities:
  publisher:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20", ref: main }
    roles: [reader]
    grants:
      - { service: pypi, scopes: [write_package_registry], resources: ["acme-*"] }
      - { service: devpi, scopes: [write_package_registry], resources: ["acme-*"] }
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    roles: [reader]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants: [{ service: pypi, scopes: [read_package_registry], resources: ["acme-*"] }]
services:
  pypi: { type: pypi, path: /pypi/, upstream: ${upstream(pypiserver)} }
  devpi: { type: pypi, path: /devpi/, upstream: ${upstream(devpi)} }
`,
  });
  beforeAll(async () => {
    sent.push(scenario.job.token);
    [wheel = '', source = ''] = await buildDistribution(scenario.folder, 'acme-api', '1.0');
    [foreign = ''] = await buildDistribution(scenario.folder, 'other', '1.0');
  }, 120_000);

  const idToken = (): string => {
    const token = scenario.job.idToken();
    sent.push(token);
    return token;
  };
  const index = (user: string, password: string, service = 'pypi', page = 'simple'): string =>
    `http://${user}:${password}@127.0.0.1:${scenario.gateway.port}/${service}/${page}/`;
  /** Uploads to `path`, which names a service. */
  const twine = (password: string, path = 'pypi/', ...files: readonly string[]): Promise<Outcome> =>
    python('twine', ['upload', '--non-interactive', '--verbose', ...files], {
      home: scenario.folder,
      env: {
        TWINE_REPOSITORY_URL: `${scenario.gateway.url}/${path}`,
        TWINE_USERNAME: 'gitlab-ci-token',
        TWINE_PASSWORD: password,
      },
    });
  const pip = (from: string, ...args: readonly string[]): Promise<Outcome> =>
    python(
      'pip',
      [
        'download',
        '--no-cache-dir',
        '--no-deps',
        '--no-input',
        '--dest',
        mkdtempSync(join(scenario.folder, 'got-')),
        '--index-url',
        from,
        ...args,
      ],
      { home: scenario.folder },
    );
  const uv = (from: string, name: string): Promise<Outcome> =>
    python(
      'uv',
      [
        'pip',
        'install',
        '--no-cache',
        '--no-deps',
        '--target',
        mkdtempSync(join(scenario.folder, 'uv-')),
        '--index-url',
        from,
        name,
      ],
      { home: scenario.folder },
    );

  test('twine uploads, pip and uv install, with an ID token, a job token and a deploy token', async () => {
    const upload = await twine(scenario.job.token, 'pypi/', wheel, source);
    expect(upload).toExitWith(0);

    for (const [user, password] of [
      ['job', idToken()],
      ['gitlab-ci-token', scenario.job.token],
      ['edge', DEPLOY_SECRET],
    ] as const) {
      const got = await pip(index(user, password), 'Acme.API');
      expect(got).toExitWith(0);
      expect(got.stdout).toContain('acme_api-1.0-py3-none-any.whl');
      const installed = await uv(index(user, password), 'acme-api');
      expect(installed).toExitWith(0);
    }
    const fromSource = await pip(
      index('job', idToken()),
      '--no-binary',
      ':all:',
      '--no-build-isolation',
      'acme_api',
    );
    expect(fromSource).toExitWith(0);
    // The file URLs on the page are the gateway's.
    expect(scenario.gateway.auditText()).toContain('/pypi/packages/acme_api-1.0.tar.gz');
  }, 120_000);

  test('twine uploads to the path of the service without its final slash', async () => {
    const [file = ''] = await buildDistribution(scenario.folder, 'acme-slash', '1.0');
    const upload = await twine(scenario.job.token, 'pypi', file);
    expect(upload).toExitWith(0);
    const got = await pip(index('job', idToken()), 'acme-slash');
    expect(got).toExitWith(0);
    const branch = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' }, ref: 'feature' });
    sent.push(branch.token);
    const denied = await twine(branch.token, 'pypi', file);
    expect(denied).not.toExitWith(0);
    expect(denied.stdout).toContain('scope_not_granted');
  }, 60_000);

  test('uv publishes and installs through an index whose pages are JSON', async () => {
    const publish = await python(
      'uv',
      ['publish', '--publish-url', `${scenario.gateway.url}/devpi/`, wheel, source],
      {
        home: scenario.folder,
        env: { UV_PUBLISH_USERNAME: 'gitlab-ci-token', UV_PUBLISH_PASSWORD: scenario.job.token },
      },
    );
    expect(publish).toExitWith(0);
    for (const client of [uv, pip]) {
      const got = await client(index('job', idToken(), 'devpi', '+simple'), 'acme-api');
      expect(got).toExitWith(0);
    }
    expect(scenario.devpi.log()).toContain('+f/');
  }, 120_000);

  test('docs/guides/packages.md shows the client configuration', async () => {
    const cwd = join(scenario.folder, 'documented');
    const place = { heading: 'pip, twine, uv', host: `127.0.0.1:${scenario.gateway.port}` };
    const env = { PIP_TARGET: join(scenario.folder, 'target'), PIP_NO_CACHE_DIR: '1', UV_NO_CACHE: '1' };
    const write = async (name: string): Promise<void> => {
      const options = { cwd, program: pythonProgram('pip'), env };
      const done = await runSnippet({ ...place, name }, idToken(), options);
      expect(done).toExitWith(0);
    };
    await buildDistribution(cwd, 'acme-documented', '1.0');
    await write('twine');
    await write('pip');
    await write('uv');
    rmSync(join(cwd, 'dist'), { recursive: true });
    await buildDistribution(cwd, 'acme-documented', '1.1');
    await write('uv publish');
  }, 120_000);

  test('netrc works for both clients', async () => {
    const netrc = join(scenario.folder, 'netrc');
    writeFileSync(netrc, `machine 127.0.0.1\nlogin gitlab-ci-token\npassword ${scenario.job.token}\n`, {
      mode: 0o600,
    });
    for (const [program, args] of [
      [
        'pip',
        [
          'download',
          '--no-cache-dir',
          '--no-deps',
          '--no-input',
          '--dest',
          mkdtempSync(join(scenario.folder, 'got-')),
        ],
      ],
      [
        'uv',
        ['pip', 'install', '--no-cache', '--no-deps', '--target', mkdtempSync(join(scenario.folder, 'uv-'))],
      ],
    ] as const) {
      const got = await python(
        program,
        [...args, '--index-url', `${scenario.gateway.url}/pypi/simple/`, 'acme-api'],
        {
          home: scenario.folder,
          env: { NETRC: netrc },
        },
      );
      expect(got).toExitWith(0);
    }
  }, 60_000);

  test('a denied request explains the reason', async () => {
    const other = await twine(scenario.job.token, 'pypi/', foreign);
    expect(other).not.toExitWith(0);
    expect(other.stdout).toContain('resource_not_granted');
    const branch = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' }, ref: 'feature' });
    sent.push(branch.token);
    const upload = await twine(branch.token, 'pypi/', wheel);
    expect(upload).not.toExitWith(0);
    expect(upload.stdout).toContain('scope_not_granted');

    const publish = await python('uv', ['publish', '--publish-url', `${scenario.gateway.url}/pypi/`, wheel], {
      home: scenario.folder,
      env: { UV_PUBLISH_USERNAME: 'gitlab-ci-token', UV_PUBLISH_PASSWORD: branch.token },
    });
    expect(publish).not.toExitWith(0);
    expect(publish.stderr).toContain('scope_not_granted');

    const read = await pip(index('gitlab-ci-token', scenario.job.token), '-vv', 'other');
    expect(read).not.toExitWith(0);
    expect(read.stdout + read.stderr).toContain('resource_not_granted');
    const installed = await uv(index('gitlab-ci-token', scenario.job.token), 'other');
    expect(installed).not.toExitWith(0);
    expect(installed.stderr).toContain('403 Forbidden');
  }, 120_000);

  test('a second file after the first one, which pypiserver would store, aborts the upload', async () => {
    const part = (disposition: string, value: string): string =>
      `--b0undary\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
    const body = (second: string): string =>
      part('name=":action"', 'file_upload') +
      part('name="name"', 'acme-api') +
      part('name="content"; filename="acme_api-2.0.tar.gz"', 'x'.repeat(2 * 1024 ** 2)) +
      `${part(`name="content"; filename="${second}"`, 'evil')}--b0undary--\r\n`;
    const upload = (url: string, user: string, text: string): Promise<Response> =>
      fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'multipart/form-data; boundary=b0undary',
          Authorization: `Basic ${Buffer.from(user).toString('base64')}`,
        },
        body: text,
      });
    const own = `${scenario.pypiserver.username}:${scenario.pypiserver.password}`;
    const page = async (name: string): Promise<string> => {
      const headers = { Authorization: `Basic ${Buffer.from(own).toString('base64')}` };
      return (await fetch(`${scenario.pypiserver.url}/simple/${name}/`, { headers })).text();
    };

    expect((await upload(`${scenario.pypiserver.url}/`, own, body('taken-2.0.tar.gz'))).status).toBe(200);
    expect(await page('taken')).toContain('taken-2.0.tar.gz');
    const refused = await upload(
      `${scenario.gateway.url}/pypi/`,
      `gitlab-ci-token:${scenario.job.token}`,
      body('victim-2.0.tar.gz'),
    );
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('request_malformed');
    expect(await page('victim')).not.toContain('victim-2.0.tar.gz');
    expect(await page('acme-api')).not.toContain('acme_api-2.0.tar.gz');
  });

  test('reading requires a credential', async () => {
    const read = await pip(`${scenario.gateway.url}/pypi/simple/`, '-vv', 'acme-api');
    expect(read).not.toExitWith(0);
    expect(read.stdout + read.stderr).toContain('no_credential');
    const installed = await uv(`${scenario.gateway.url}/pypi/simple/`, 'acme-api');
    expect(installed).not.toExitWith(0);
    expect(installed.stderr).toContain('401 Unauthorized');
  }, 60_000);

  test('no client credential reaches the indexes', () => {
    for (const { log } of [scenario.pypiserver, scenario.devpi])
      for (const secret of sent) expect(log()).not.toContain(secret);
    const credentials = scenario.pypiserver.log().matchAll(/'HTTP_AUTHORIZATION': '([^']*)'/g);
    const { username, password } = scenario.pypiserver;
    const own = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    expect([...new Set([...credentials].map(([, value]) => value))]).toEqual([own]);
    expect(scenario.pypiserver.log()).toContain('acme_api-1.0');
  });
});
