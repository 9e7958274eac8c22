/** gem and bundler, and a gem server, through a service of type `rubygems`. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { curl } from '../support/curl.ts';
import { snippet } from '../support/docs.ts';
import { buildGem, startGemServer } from '../support/gem-server.ts';
import { needs } from '../support/needs.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { run, type Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';

const GUIDE = 'docs/guides/rubygems.md';

needs('bundle', 'curl', 'gem').describe('gem and bundler', () => {
  const files = new Map<string, string>();

  const scenario = useJobScenario({
    backends: () => ({ gems: startGemServer }),
    config: ({ gitlab, gems }) =>
      packagesConfig(gitlab.url, [
        { type: 'rubygems', name: 'gems', resources: ['acme*'], upstream: basicUpstream(gems) },
      ]),
  });

  beforeAll(async () => {
    for (const name of ['acme', 'acme-new', 'other']) files.set(name, await buildGem(scenario.folder, name));
    await scenario.gems.add(['acme', 'other'].map(fileOf));
  }, 60_000);

  const fileOf = (name: string): string => files.get(name) ?? '';
  const host = (): string => `127.0.0.1:${scenario.gateway.port}`;

  /** Runs a block of the guide in an empty folder, in which gem and bundler install. */
  function runGuide(
    name: string,
    login: { readonly username?: string; readonly token: string } | undefined,
    replaced: Readonly<Record<string, string>> = {},
    cwd = join(scenario.folder, 'client'),
  ): Promise<Outcome> {
    const heading = ['push', 'yank'].includes(name) ? 'Publish gems' : 'Install gems';
    let script = snippet(GUIDE, heading, name)
      .replace('https://gitlab-ci-token:$GATEHOUSE_TOKEN@', login === undefined ? 'https://' : '$&')
      .replace('gitlab-ci-token:', `${login?.username ?? 'gitlab-ci-token'}:`)
      .replace('https://', 'http://')
      .replace('gateway.example.com', host())
      .replace('BUNDLE_GATEWAY__EXAMPLE__COM', login === undefined ? 'UNUSED' : 'BUNDLE_127__0__0__1');
    for (const [from, to] of Object.entries(replaced)) script = script.replaceAll(from, to);
    return run('bash', ['-euo', 'pipefail', '-c', script], {
      cwd,
      env: {
        PATH: process.env['PATH'],
        LANG: 'C.UTF-8',
        HOME: cwd,
        GEM_HOME: join(cwd, 'installed'),
        BUNDLE_PATH: join(cwd, 'installed'),
        BUNDLE_RETRY: '0',
        GATEHOUSE_TOKEN: login?.token ?? '',
      },
    });
  }

  function client(gem = 'acme'): string {
    const folder = join(scenario.folder, 'client');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const gemfile = snippet(GUIDE, 'Install gems', 'Gemfile')
      .replace('https://gateway.example.com', `http://${host()}`)
      .replace('"acme"', `"${gem}"`);
    writeFileSync(join(folder, 'Gemfile'), gemfile);
    return folder;
  }

  const logins = () => [
    { username: 'oidc', token: scenario.job.idToken() },
    { token: scenario.job.token },
    { username: 'edge', token: DEPLOY_SECRET },
  ];

  test('gem installs a gem with every kind of credential', async () => {
    for (const login of logins()) {
      const folder = client();
      const { code, stdout, stderr } = await runGuide('gem', login);
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(existsSync(join(folder, 'installed/gems/acme-1.0/lib/acme.rb'))).toBe(true);
    }
  }, 60_000);

  test('bundler installs a gem with every kind of credential', async () => {
    for (const login of logins()) {
      client();
      const { code, stdout, stderr } = await runGuide('bundler', login);
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(stdout).toContain('Installing acme 1.0');
    }
    expect(scenario.gems.requests.map(({ line }) => line)).toContain('GET /info/acme');
  }, 60_000);

  test('bundler revalidates and continues the index file', async () => {
    const folder = client();
    expect(await runGuide('bundler', logins()[1])).toExitWith(0);
    await scenario.gems.add([await buildGem(scenario.folder, 'acme-late')]);
    writeFileSync(
      join(folder, 'Gemfile'),
      readFileSync(join(folder, 'Gemfile'), 'utf8').replace('"acme"', '"acme-late"'),
    );
    const { code, stdout, stderr } = await runGuide('bundler', logins()[1]);
    expect({ code, stdout, stderr }).toExitWith(0);
    const { headers } = scenario.gems.requests.findLast(({ line }) => line === 'GET /versions') ?? {};
    expect(headers).toMatchObject({ range: expect.any(String), 'if-none-match': expect.any(String) });
  }, 60_000);

  test('ranges and entity tags of the index file are forwarded unchanged', async () => {
    const get = (...headers: readonly string[]) =>
      curl(
        '--user',
        `edge:${DEPLOY_SECRET}`,
        ...headers.flatMap((header) => ['-H', header]),
        `http://${host()}/gems/versions`,
      );
    const whole = await get();
    const etag = whole.headers.get('etag') ?? '';
    expect(whole.headers.get('repr-digest')).toMatch(/^sha-256=:/);
    const rest = await get('Range: bytes=5-');
    expect([rest.status, rest.body]).toEqual([206, whole.body.slice(5)]);
    expect((await get(`If-None-Match: ${etag}`)).status).toBe(304);
    expect((await get('Range: bytes=99999-')).status).toBe(416);
  });

  test('prints the reason of a refused read', async () => {
    const edge = logins()[2];
    client('other');
    expectDocumented(
      'gem and bundler',
      'gem install, other gem',
      await runGuide('gem', edge, { acme: 'other' }),
    );
    expectDocumented('gem and bundler', 'gem install, no credential', await runGuide('gem', undefined));
    expectDocumented('gem and bundler', 'bundle install, other gem', await runGuide('bundler', edge));
    expectDocumented(
      'gem and bundler',
      'bundle install, no credential',
      await runGuide('bundler', undefined),
    );
  }, 60_000);

  test('gem pushes and yanks gems by their names only', async () => {
    for (const { token } of logins().slice(0, 2)) {
      const cwd = dirname(fileOf('acme-new'));
      const pushed = await runGuide('push', { token }, { 'acme-1.0.gem': basename(fileOf('acme-new')) }, cwd);
      expect(pushed).toExitWith(0);
      expect(pushed.stdout).toContain('Accepted by the gem server.');
      const stored = scenario.gems.changes.at(-1);
      expect(stored?.line).toBe('POST /api/v1/gems');
      expect(stored?.body.equals(readFileSync(fileOf('acme-new')))).toBe(true);
      const yanked = await runGuide('yank', { token }, {}, cwd);
      expect(yanked.stdout).toContain('Accepted by the gem server.');
      expect(scenario.gems.changes.at(-1)?.body.toString()).toBe('gem_name=acme&version=1.0');
    }
    const before = scenario.gems.changes.length;
    const other = dirname(fileOf('other'));
    const [, job, edge] = logins();
    const renamed = { 'acme-1.0.gem': 'other-1.0.gem' };
    expectDocumented('gem and bundler', 'gem push, other gem', await runGuide('push', job, renamed, other));
    expectDocumented(
      'gem and bundler',
      'gem push, no scope',
      await runGuide('push', edge, {}, dirname(fileOf('acme'))),
    );
    const yanked = await runGuide('yank', job, { 'yank acme': 'yank other' }, other);
    // gem yank prints every response and exits with 0.
    expectDocumented('gem and bundler', 'gem yank', { ...yanked, code: 1 });
    expect(scenario.gems.changes).toHaveLength(before);
  }, 60_000);

  test('gem shows owners', async () => {
    const owner = (name: string) =>
      run('gem', ['owner', name, '--host', `http://${host()}/gems`], {
        env: { PATH: process.env['PATH'], HOME: scenario.folder, GEM_HOST_API_KEY: scenario.job.token },
      });
    expect((await owner('acme')).stdout).toContain('acme@example.com');
    expect((await owner('other')).stdout).toContain('resource_not_granted');
  });

  test('no client credential reaches the gem server', () => {
    const everything = JSON.stringify([scenario.gems.requests, scenario.gems.changes]);
    for (const secret of [scenario.job.token, DEPLOY_SECRET, 'eyJ', btoa(`edge:${DEPLOY_SECRET}`)])
      expect(everything).not.toContain(secret);
    const sent = new Set(scenario.gems.requests.map(({ headers }) => headers.authorization));
    expect(sent).toEqual(new Set([scenario.gems.authorization]));
  });
});
