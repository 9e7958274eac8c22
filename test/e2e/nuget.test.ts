import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type TestJob } from '../support/gitlab.ts';
import { needing } from '../support/needs.ts';
import { nupkgOf, nuspecFile } from '../support/nuget-archive.ts';
import { startNuget } from '../support/nuget-server.ts';
import { createNuget, missingNuget, type Nuget, type NugetCredential } from '../support/nuget.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';

needing(missingNuget()).describe('nuget.exe', () => {
  let publisher: TestJob;
  let reader: TestJob;
  let nuget: Nuget;

  const scenario = useJobScenario({
    backends: () => ({ feed: startNuget }),
    config: ({ gitlab, feed }) =>
      packagesConfig(
        gitlab.url,
        [{ type: 'nuget', resources: ['**'], readable: ['acme.*'], upstream: basicUpstream(feed) }],
        `  reader:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "21" }
    grants:
      - { service: nuget, scopes: [read_package_registry, write_package_registry], resources: ["acme.*"] }`,
      ),
  });
  beforeAll(() => {
    publisher = scenario.gitlab.job({ project: { id: 20, path: 'acme/core' } });
    reader = scenario.gitlab.job({ project: { id: 21, path: 'acme/web' } });
    nuget = createNuget(scenario.folder, `${scenario.gateway.url}/nuget/v3/index.json`);
  });

  const install = (credential: NugetCredential | undefined, id: string) =>
    nuget.run(
      credential,
      'install',
      id,
      '-OutputDirectory',
      `out-${credential?.username ?? 'nobody'}`,
      '-NoCache',
    );

  test('publishes with Basic and with an API key, finds, installs and unlists, with every credential source', async () => {
    const job = { username: 'gitlab-ci-token', password: publisher.token };
    const first = await nuget.run(
      job,
      'push',
      await nuget.pack('Acme.Core', '1.0.0'),
      '-Source',
      'gatehouse',
    );
    expect(first).toExitWith(0);
    const oidc = { username: 'oidc', password: publisher.idToken() };
    const second = await nuget.run(
      oidc,
      'push',
      await nuget.pack('Other', '1.0.0'),
      oidc.password,
      '-Source',
      'gatehouse',
    );
    expect(second).toExitWith(0);

    // A grant for the package is enough, in any case of its id.
    const own = { username: 'oidc', password: reader.idToken() };
    const third = await nuget.run(own, 'push', await nuget.pack('ACME.Web', '1.0.0'), '-Source', 'gatehouse');
    expect(third).toExitWith(0);

    for (const credential of [
      { username: 'oidc', password: reader.idToken() },
      { username: 'gitlab-ci-token', password: reader.token },
      { username: 'edge', password: DEPLOY_SECRET },
    ]) {
      const installed = await install(credential, 'Acme.Core');
      expect(installed).toExitWith(0);
      expect(
        existsSync(join(scenario.folder, `out-${credential.username}/Acme.Core.1.0.0/Acme.Core.1.0.0.nupkg`)),
      ).toBe(true);
    }
    const unlisted = await nuget.run(
      { username: 'oidc', password: reader.idToken() },
      'delete',
      'Acme.Core',
      '1.0.0',
      '-Source',
      'gatehouse',
    );
    expect(unlisted).toExitWith(0);
  }, 120_000);

  test('a denied request explains the reason', async () => {
    const credential = { username: 'gitlab-ci-token', password: reader.token };
    const edge = { username: 'edge', password: DEPLOY_SECRET };
    const packed = await nuget.pack('Acme.More', '1.0.0');
    const foreign = await nuget.pack('Other', '2.0.0');
    const hidden = 'Acme.Hidden.1.0.0.nupkg';
    writeFileSync(join(scenario.folder, hidden), nupkgOf('Acme.Hidden', nuspecFile('Other')));
    for (const [outcome, reason] of [
      [await nuget.run(credential, 'push', foreign, '-Source', 'gatehouse'), 'resource_not_granted'],
      [await nuget.run(credential, 'push', hidden, '-Source', 'gatehouse'), 'request_malformed'],
      [await nuget.run(edge, 'push', packed, '-Source', 'gatehouse'), 'scope_not_granted'],
      [await nuget.run(edge, 'delete', 'Acme.Core', '1.0.0', '-Source', 'gatehouse'), 'scope_not_granted'],
      [await install(credential, 'Other'), 'resource_not_granted'],
      [await install(undefined, 'Acme.Core'), '401'],
    ] as const) {
      expect(outcome).not.toExitWith(0);
      expect(outcome.stdout + outcome.stderr).toContain(reason);
    }
  }, 120_000);

  // The `search` of the client requires a v2 feed, so this test sends its documented requests.
  test('a reader of all packages can search, and every URL in the responses leads through the gateway', async () => {
    const ask = (path: string, token?: string): Promise<Response> =>
      fetch(`${scenario.gateway.url}/nuget/${path}`, {
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      });
    const nobody = await ask('v3/index.json');
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
    const denied = await ask('v3/search?q=acme', reader.idToken());
    expect(denied.status).toBe(403);
    expect(denied.headers.get('x-nuget-warning')).toContain('resource_not_granted');
    const index = await ask('v3/index.json', reader.idToken());
    const found = await ask('v3/search?q=other', publisher.idToken());
    for (const text of [await index.text(), await found.text()]) {
      expect(text).toContain(`"${scenario.gateway.url}/nuget/v3/registration/`);
      expect(text).not.toContain(scenario.feed.url);
    }
  });

  test('no client credential reaches the feed, and every request came through the gateway', () => {
    const everything = JSON.stringify(scenario.feed.requests);
    for (const secret of [publisher.token, reader.token, DEPLOY_SECRET, 'eyJ'])
      expect(everything).not.toContain(secret);
    const own = Buffer.from(`${scenario.feed.username}:${scenario.feed.password}`).toString('base64');
    expect(new Set(scenario.feed.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Basic ${own}`]),
    );
    expect(scenario.feed.requests.filter(({ headers }) => headers['x-request-id'] === undefined)).toEqual([]);
    const lines = scenario.feed.requests.map(({ line }) => line);
    // The URL of a registration page comes from another response, which the feed compresses without being asked to.
    expect(lines).toContain('GET /v3/registration5-gz-semver2/acme.core/page/0.0.0/9.9.9.json');
    expect(lines).toContain('PUT /api/v2/package/');
  });
});
