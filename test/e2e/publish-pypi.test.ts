/** uv and twine publish with only the ID token of their CI job and exchange it themselves. */
import { beforeAll, expect, test } from 'vitest';
import { curl } from '../support/curl.ts';
import { buildDistribution, needsPython, python, startPypiserver } from '../support/python.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { gatewayTls } from '../support/scenario/tls.ts';
import { useStarted } from '../support/use-started.ts';

const AUDIENCE = 'packages';

needsPython.describe('trusted publishing of Python packages', () => {
  let files: readonly string[];
  let env: NodeJS.ProcessEnv;
  let url: string;

  // Both use https for the exchange, independent of the publish URL.
  const tls = useStarted(() => Promise.resolve(gatewayTls()));
  const scenario = useJobScenario({
    backends: () => ({ index: () => startPypiserver() }),
    tls: () => tls,
    config: ({ gitlab, index }) => `
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
  });
  beforeAll(async () => {
    files = await buildDistribution(scenario.folder, 'acme-api', '1.0');
    url = `https://127.0.0.1:${scenario.gateway.port}`;
    env = { REQUESTS_CA_BUNDLE: tls.caFile, SSL_CERT_FILE: tls.caFile, GITLAB_CI: 'true' };
  }, 120_000);

  const withToken = (claims: object = {}): NodeJS.ProcessEnv => ({
    ...env,
    // GitLab's variable is named after the audience (id, ambient-id).
    PACKAGES_ID_TOKEN: scenario.job.idToken({ aud: AUDIENCE, ...claims }),
  });

  test('uv publish', async () => {
    const [wheel = ''] = files;
    const args = ['publish', '--trusted-publishing', 'always', '--publish-url', `${url}/pypi/`, wheel];
    const { code, stdout, stderr } = await python('uv', args, { home: scenario.folder, env: withToken() });
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(scenario.index.log()).toContain('acme_api-1.0-py3-none-any.whl');
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
    const { code, stdout, stderr } = await python('python', [...args, source], {
      home: scenario.folder,
      env: sent,
    });
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout + stderr).toContain('Minted upload token for trusted publishing');
    const head = { Authorization: `Basic ${btoa(`${scenario.index.username}:${scenario.index.password}`)}` };
    const page = await (await fetch(`${scenario.index.url}/simple/acme-api/`, { headers: head })).text();
    expect(page).toContain('acme_api-1.0.tar.gz');
    expect(page).toContain('acme_api-1.0-py3-none-any.whl');
    expect(scenario.index.log()).not.toContain(String(sent['PACKAGES_ID_TOKEN']));
  }, 60_000);

  test('twine upload of a release, then of another project, with one token', async () => {
    const sent = withToken();
    const minted = await mint(JSON.stringify({ token: sent['PACKAGES_ID_TOKEN'] }));
    const { token } = JSON.parse(minted.body) as { token: string };
    const upload = (...distributions: readonly string[]) =>
      python('twine', ['upload', '--non-interactive', '--repository-url', `${url}/pypi/`, ...distributions], {
        home: scenario.folder,
        env: { ...env, TWINE_USERNAME: '__token__', TWINE_PASSWORD: token },
      });
    const release = await upload(...(await buildDistribution(scenario.folder, 'acme-web', '1.0')));
    expect(release).toExitWith(0);
    const refused = await upload(...(await buildDistribution(scenario.folder, 'acme-cli', '1.0')));
    expect(refused).not.toExitWith(0);
    expect(refused.stdout + refused.stderr).toContain('package_not_covered');
    expect(scenario.index.log()).toContain('acme_web-1.0.tar.gz');
    expect(scenario.index.log()).not.toContain('acme_cli');
  }, 120_000);

  test('a publication that the policy denies is refused at the exchange, and the client prints the message', async () => {
    const args = ['publish', '--trusted-publishing', 'always', '--publish-url', `${url}/pypi/`, ...files];
    const env = withToken({ project_id: '21' });
    const { code, stdout, stderr } = await python('uv', args, { home: scenario.folder, env });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain('not accepted for publishing');
  }, 60_000);

  function mint(body: string, type = 'application/json'): Promise<RawResponse> {
    const options = ['--cacert', tls.caFile, '-H', `Content-Type: ${type}`, '--data', body];
    return curl(...options, `${url}/_/oidc/mint-token`);
  }

  test('the audience is published, and all invalid tokens get the same message', async () => {
    const audience = await curl('--cacert', tls.caFile, `${url}/_/oidc/audience`);
    expect([audience.status, JSON.parse(audience.body)]).toEqual([200, { audience: AUDIENCE }]);
    const words = new Set<string>();
    for (const token of [
      scenario.job.idToken(),
      scenario.job.idToken({ aud: AUDIENCE, project_id: '21' }),
      scenario.job.idToken({ aud: AUDIENCE, project_id: '9' }),
      'hello',
      scenario.job.token,
    ]) {
      const { status, headers, body } = await mint(JSON.stringify({ token }));
      words.add(`${status} ${body.replaceAll(headers.get('x-request-id') ?? '', 'ID')}`);
    }
    expect([...words]).toEqual([expect.stringMatching(/^422 .*"code":"invalid-token"/)]);
    expect((await mint('{')).status).toBe(422);
    expect((await mint('token=x', 'application/x-www-form-urlencoded')).status).toBe(415);
  });
});
