/** Real git with `git http-backend` behind the gateway. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { gitClient, type GitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { needs } from '../support/needs.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';

needs('git').describe('git', () => {
  let clients = 0;

  const scenario = useJobScenario({
    backends: () => ({ server: () => startGitServer() }),
    config: ({ gitlab, server }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: git, scopes: [read_repository], resources: ["acme/**"] }
      - { service: git, scopes: [write_repository], resources: ["{claims.project_path}"] }
jobTokenAllowlist:
  acme/base-images: [acme/payments]`,
        deployToken: '{ service: git, scopes: [read_repository], resources: ["acme/payments"] }',
        services: `  git:
    type: git
    path: /git/
    anonymous: [{ scopes: [read_repository], resources: ["public/**"] }]
    upstream:
      url: "${server.url}/"
      auth: { basic: { username: ${server.username}, password: ${server.password} } }
`,
      }),
  });
  beforeAll(async () => {
    for (const path of ['acme/payments', 'acme/base-images', 'acme/secrets', 'public/docs']) {
      const place = await scenario.server.repository(path);
      const seeder = client();
      await seeder.ok(['init', '--quiet', '--initial-branch=main', 'seed']);
      writeFileSync(join(seeder.home, 'seed/README'), `${path}\n`);
      await seeder.ok(['add', '.'], { in: 'seed' });
      await seeder.ok(['commit', '--quiet', '-m', 'seed'], { in: 'seed' });
      await seeder.ok(['push', '--quiet', place, 'main'], { in: 'seed' });
    }
  }, 60_000);

  function client(): GitClient {
    clients += 1;
    return gitClient(join(scenario.folder, `client-${clients}`));
  }

  const url = (path: string, user?: string): string =>
    `${user === undefined ? scenario.gateway.url : scenario.gateway.url.replace('//', `//${user}@`)}/git/${path}`;
  const withJobToken = (path: string): string => url(path, `gitlab-ci-token:${scenario.job.token}`);
  const withIdToken = (): readonly string[] => [
    '-c',
    `http.extraHeader=Authorization: Bearer ${scenario.job.idToken()}`,
  ];

  async function commit(git: GitClient, name: string): Promise<void> {
    writeFileSync(join(git.home, 'work', name), `${name}\n`);
    await git.ok(['add', '.'], { in: 'work' });
    await git.ok(['commit', '--quiet', '-m', name], { in: 'work' });
  }

  const { test } = needs('git');

  test('a push option is forwarded, unless it changes a setting of the repository', async () => {
    const place = await scenario.server.repository('acme/payments');
    const git = client();
    await git.ok(['--git-dir', place, 'config', 'receive.advertisePushOptions', 'true']);
    await git.ok(['clone', '--quiet', withJobToken('acme/payments.git'), 'work']);
    await commit(git, 'with-an-option');
    const refused = await git.run(['push', '--quiet', '-o', 'repo.private=false'], { in: 'work' });
    expect(refused).not.toExitWith(0);
    expect(refused.stderr).toContain('400');
    await eventually('the audit event', () =>
      scenario.gateway.auditText().includes('the push option repo.private changes a setting'),
    );
    await git.ok(['push', '--quiet', '-o', 'ci.skip'], { in: 'work' });
  });

  test('clones and pushes with a job token, with protocol version 2', async () => {
    const git = client();
    await git.ok(['clone', '--quiet', withJobToken('acme/payments.git'), 'work']);
    await commit(git, 'from-a-job');
    await git.ok(['push', '--quiet'], { in: 'work' });
    const fetched = scenario.server.calls.find(({ url: at }) => at.endsWith('/git-upload-pack'));
    expect(fetched?.headers).toMatchObject({ 'git-protocol': 'version=2', 'x-auth-identity': 'ci' });
    const pushed = scenario.server.calls.find(({ url: at }) => at.endsWith('/git-receive-pack'));
    expect(pushed?.headers['x-auth-scopes']).toBe('write_repository');
    const check = client();
    await check.ok(['clone', '--quiet', withJobToken('acme/payments'), 'work']);
    expect(readFileSync(join(check.home, 'work/from-a-job'), 'utf8')).toBe('from-a-job\n');
  });

  test('clones and pushes with an ID token in a header', async () => {
    const git = client();
    await git.ok([...withIdToken(), 'clone', '--quiet', url('acme/payments.git'), 'work']);
    await commit(git, 'with-an-id-token');
    await git.ok([...withIdToken(), 'push', '--quiet'], { in: 'work' });
  });

  test('sends no credential first, and the stored one after the challenge', async () => {
    const git = client();
    appendFileSync(
      join(git.home, '.git-credentials'),
      `${scenario.gateway.url.replace('//', `//edge:${DEPLOY_SECRET}@`)}\n`,
    );
    await git.ok(['config', '--global', 'credential.helper', 'store']);
    await git.ok([
      '-c',
      'http.userAgent=from-the-store',
      'clone',
      '--quiet',
      url('acme/payments.git'),
      'work',
    ]);
    const reasons = await eventually('four requests in the audit log', async () => {
      const lines = (await scenario.gateway.audit(0)).filter((line) =>
        JSON.stringify(line).includes('from-the-store'),
      );
      return lines.length >= 4 && lines.map(({ event }) => event.reason);
    });
    expect(reasons).toEqual(['no_credential', 'granted', 'granted', 'granted']);
  });

  test('needs no credential for a public repository', async () => {
    await client().ok(['clone', '--quiet', url('public/docs.git'), 'work']);
  });

  test('without a credential: the challenge makes git prompt for one', async () => {
    const { code, stdout, stderr } = await client().run(['clone', url('acme/payments.git')]);
    expect({ code, stdout, stderr }).toExitWith(128);
    expect(stderr).toContain('could not read Username');
  });

  test('a push denied by resource or scope, and git prints the reason', async () => {
    await deniedPush(withJobToken('acme/base-images.git'), 'resource_not_granted');
    await deniedPush(url('acme/payments.git', `edge:${DEPLOY_SECRET}`), 'scope_not_granted');
  });

  async function deniedPush(from: string, reason: string): Promise<void> {
    const git = client();
    await git.ok(['clone', '--quiet', from, 'work']);
    await commit(git, 'denied');
    const { code, stdout, stderr } = await git.run(['push'], { in: 'work' });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain(`remote: error: ${reason}`);
    expect(stderr).toMatch(/remote: request id: [0-9a-f-]{36}/);
  }

  test('a clone denied by policy or by the allowlist of the target project', async () => {
    const outside = await client().run(['clone', withJobToken('other/app.git')]);
    expect(outside.stderr).toContain('remote: error: resource_not_granted');
    const unlisted = await client().run(['clone', withJobToken('acme/secrets.git')]);
    expect(unlisted.stderr).toContain('remote: error: job_token_not_allowlisted');
    // The allowlist applies to job tokens, not to the ID token of the same job.
    await client().ok([...withIdToken(), 'clone', '--quiet', url('acme/secrets.git')]);
  });

  test('an invalid credential', async () => {
    const { stderr } = await client().run([
      'clone',
      url('acme/payments.git', 'gitlab-ci-token:glcbt-64_nobody'),
    ]);
    expect(stderr).toContain('remote: error: job_not_running');
    expect(stderr).toContain('Authentication failed');
  });

  test('the dumb protocol is refused', async () => {
    const { code, stdout, stderr } = await client().run(['clone', withJobToken('acme/payments.git')], {
      env: { GIT_SMART_HTTP: '0' },
    });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain('remote: error: operation_unknown');
  });

  test('compressed requests are forwarded unchanged', async () => {
    const git = client();
    await git.ok(['clone', '--quiet', withJobToken('acme/payments.git'), 'work']);
    const tip = (await git.ok(['rev-parse', 'HEAD'], { in: 'work' })).stdout.trim();
    // git lists commits that the server does not have, in more than a kilobyte.
    for (let n = 0; n < 40; n++)
      await git.ok(['commit', '--quiet', '--allow-empty', '-m', `${n}`], { in: 'work' });
    const other = client();
    await other.ok(['clone', '--quiet', withJobToken('acme/payments.git'), 'work']);
    await commit(other, 'newer');
    await other.ok(['push', '--quiet'], { in: 'work' });
    await git.ok(['fetch', '--quiet'], { in: 'work' });
    expect((await git.ok(['rev-parse', 'origin/main'], { in: 'work' })).stdout.trim()).not.toBe(tip);
    expect(scenario.server.calls.some(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
  });

  test('no client credential reaches the server', () => {
    for (const secret of [scenario.job.token, DEPLOY_SECRET, 'eyJ'])
      expect(scenario.server.seen()).not.toContain(secret);
    expect(scenario.server.calls.length).toBeGreaterThan(20);
  });
});
