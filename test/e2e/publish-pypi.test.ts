/** uv and twine publish with only the ID token of their CI job and exchange it themselves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { curl } from '../support/curl.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import {
  buildDistribution,
  needsPython,
  python,
  startPypiserver,
  type PythonIndex,
} from '../support/python.ts';
import type { RawResponse } from '../support/raw-client.ts';

const AUDIENCE = 'packages';

needsPython.describe('trusted publishing of Python packages', () => {
  let gitlab: TestGitlab;
  let index: PythonIndex;
  let gateway: TestGateway;
  let job: TestJob;
  let home: string;
  let files: readonly string[];
  let env: NodeJS.ProcessEnv;
  let url: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'gatehouse-publish-'));
    [gitlab, index] = await Promise.all([startGitlab(), startPypiserver()]);
    job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    files = await buildDistribution(home, 'acme-api', '1.0');
    const authority = createAuthority('publishing test');
    const { cert, key } = authority.issue('IP:127.0.0.1');
    const ca = join(home, 'ca.crt');
    writeFileSync(ca, authority.certificate);
    // Both use https for the exchange, independent of the publish URL.
    gateway = await startGateway(
      `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: pypi, scopes: [read_package_registry, write_package_registry], resources: ["**"] }]
  reader:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: pypi, scopes: [read_package_registry], resources: ["**"] }]
services:
  pypi:
    type: pypi
    hosts: [127.0.0.1]
    path: /pypi/
    trustedPublishing: { audience: ${AUDIENCE} }
    upstream:
      url: "${index.url}/"
      auth: { basic: { username: ${index.username}, password: ${index.password} } }
`,
      {
        files: { 'tls.crt': cert, 'tls.key': key },
        server: { more: ['tls: { certFile: tls.crt, keyFile: tls.key }'] },
      },
    );
    url = `https://127.0.0.1:${gateway.port}`;
    env = { REQUESTS_CA_BUNDLE: ca, SSL_CERT_FILE: ca, GITLAB_CI: 'true' };
  }, 120_000);
  afterAll(async () => {
    await gateway.close();
    await Promise.all([index.close(), gitlab.close()]);
    rmSync(home, { recursive: true, force: true });
  });

  const withToken = (claims: object = {}): NodeJS.ProcessEnv => ({
    ...env,
    // GitLab's variable is named after the audience (id, ambient-id).
    PACKAGES_ID_TOKEN: job.idToken({ aud: AUDIENCE, ...claims }),
  });

  test('uv publish', async () => {
    const [wheel = ''] = files;
    const args = ['publish', '--trusted-publishing', 'always', '--publish-url', `${url}/pypi/`, wheel];
    const { code, stderr } = await python('uv', args, { home, env: withToken() });
    expect(code, stderr).toBe(0);
    expect(index.log()).toContain('acme_api-1.0-py3-none-any.whl');
  }, 60_000);

  test('twine upload, with this index configured as the public one', async () => {
    // twine exchanges tokens with the public index only, whose URL is in one variable.
    const main = `import sys, twine.utils
twine.utils.DEFAULT_REPOSITORY = "${url}/pypi/"
from twine.__main__ import main
sys.exit(main())`;
    const [, source = ''] = files;
    const args = ['-c', main, 'upload', '--non-interactive', '--verbose', '--repository-url', `${url}/pypi/`];
    const sent = withToken();
    const { code, stdout, stderr } = await python('python', [...args, source], { home, env: sent });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout + stderr).toContain('Minted upload token for trusted publishing');
    const head = { Authorization: `Basic ${btoa(`${index.username}:${index.password}`)}` };
    const page = await (await fetch(`${index.url}/simple/acme-api/`, { headers: head })).text();
    expect(page).toContain('acme_api-1.0.tar.gz');
    expect(page).toContain('acme_api-1.0-py3-none-any.whl');
    expect(index.log()).not.toContain(String(sent['PACKAGES_ID_TOKEN']));
  }, 60_000);

  test('a publication that the policy denies is refused at the exchange, and the client prints the message', async () => {
    const args = ['publish', '--trusted-publishing', 'always', '--publish-url', `${url}/pypi/`, ...files];
    const env = withToken({ project_id: '21' });
    const { code, stderr } = await python('uv', args, { home, env });
    expect(code).not.toBe(0);
    expect(stderr).toContain('not accepted for publishing');
  }, 60_000);

  function mint(body: string, type = 'application/json'): Promise<RawResponse> {
    const options = ['--cacert', join(home, 'ca.crt'), '-H', `Content-Type: ${type}`, '--data', body];
    return curl(...options, `${url}/_/oidc/mint-token`);
  }

  test('the audience is published, and all invalid tokens get the same message', async () => {
    const audience = await curl('--cacert', join(home, 'ca.crt'), `${url}/_/oidc/audience`);
    expect([audience.status, JSON.parse(audience.body)]).toEqual([200, { audience: AUDIENCE }]);
    const words = new Set<string>();
    for (const token of [
      job.idToken(),
      job.idToken({ aud: AUDIENCE, project_id: '21' }),
      job.idToken({ aud: AUDIENCE, project_id: '9' }),
      'hello',
      job.token,
    ]) {
      const { status, headers, body } = await mint(JSON.stringify({ token }));
      words.add(`${status} ${body.replaceAll(headers.get('x-request-id') ?? '', 'ID')}`);
    }
    expect([...words]).toEqual([expect.stringMatching(/^422 .*"code":"invalid-token"/)]);
    expect((await mint('{')).status).toBe(422);
    expect((await mint('token=x', 'application/x-www-form-urlencoded')).status).toBe(415);
  });
});
