/** File locks with the real git-lfs. No server with locks is available, so a fake of the documented API is the upstream. */
import { hash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { gitClient, type GitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { serveLocks } from '../support/lfs-locks.ts';
import { needs } from '../support/needs.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const SECRET = { edge: `ghdt_edge_${'5'.repeat(64)}`, bot: `ghdt_bot_${'4'.repeat(64)}` };

needs('git', 'git-lfs').describe('file locks of git-lfs', () => {
  let writer: GitClient;
  const { test } = needs();

  const deployToken = (name: keyof typeof SECRET, scopes: string): string => `
  ${name}:
    username: ${name}
    secretHash: "sha256:${hash('sha256', SECRET[name])}"
    grants: [{ service: git, scopes: [${scopes}], resources: ["acme/payments"] }]`;
  const scenario = useJobScenario({
    backends: () => ({ server: () => startGitServer({ lfs: serveLocks() }) }),
    config: ({ gitlab, server }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: [{ service: git, scopes: [read_repository, write_repository], resources: ["{claims.project_path}"] }]
deployTokens:${deployToken('edge', 'read_repository')}${deployToken('bot', 'read_repository, write_repository')}
services:
  git:
    type: git
    path: /git/
    upstream:
      url: "${server.url}/"
      auth: { basic: { username: ${server.username}, password: ${server.password} } }
`,
  });
  beforeAll(async () => {
    await scenario.server.repository('acme/payments');
    writer = await client('gitlab-ci-token', scenario.job.token);
    writeFileSync(join(writer.home, 'work/model.bin'), 'x');
    await writer.ok(['add', '.'], { in: 'work' });
    await writer.ok(['commit', '--quiet', '-m', 'model'], { in: 'work' });
    await writer.ok(['push', '--quiet', 'origin', 'HEAD:main'], { in: 'work' });
  }, 60_000);

  /** A clone with a credential in git's credential store. */
  async function client(username: string, secret: string): Promise<GitClient> {
    const git = gitClient(join(scenario.folder, username));
    await git.ok(['lfs', 'install', '--skip-repo']);
    await git.ok(['config', '--global', 'credential.helper', 'store']);
    const login = scenario.gateway.url.replace('//', `//${username}:${encodeURIComponent(secret)}@`);
    appendFileSync(join(git.home, '.git-credentials'), `${login}\n`);
    await git.ok(['clone', '--quiet', `${scenario.gateway.url}/git/acme/payments.git`, 'work']);
    return git;
  }

  async function lfs(
    git: GitClient,
    ...args: readonly string[]
  ): Promise<{ code: number | null; said: string }> {
    const { code, stdout, stderr } = await git.run(['lfs', ...args], { in: 'work' });
    return { code, said: stdout + stderr };
  }

  test('a lock is created, listed for readers, reported to other writers, and released', async () => {
    const [reader, other] = [await client('edge', SECRET.edge), await client('bot', SECRET.bot)];
    expect(await lfs(writer, 'lock', 'model.bin')).toExitWith(0);
    expect(await lfs(reader, 'locks')).toMatchObject({
      code: 0,
      said: expect.stringMatching(/model\.bin\s+ci\s+ID:lock-1/),
    });
    const buffered = await lfs(other, 'lock', 'model.bin');
    expect(buffered).not.toExitWith(0);
    expect(buffered.said).toContain('already created lock');
    expect((await lfs(other, 'locks', '--verify')).said).toMatch(/^\s*model\.bin\s+ci/m);
    expect((await lfs(writer, 'locks', '--verify')).said).toMatch(/^O model\.bin\s+ci/m);
    expect(await lfs(other, 'unlock', 'model.bin')).not.toExitWith(0);
    expect(await lfs(writer, 'unlock', 'model.bin')).toExitWith(0);
    expect(await lfs(reader, 'locks')).toEqual({ code: 0, said: '' });
  });

  test('a reader can neither lock nor remove a lock, and git-lfs prints the reason', async () => {
    const reader = gitClient(join(scenario.folder, 'edge'));
    await lfs(writer, 'lock', 'model.bin');
    for (const command of [
      ['lock', 'other.bin'],
      ['unlock', '--force', 'model.bin'],
    ]) {
      const { code, said } = await lfs(reader, ...command);
      expect({ code, said }).not.toExitWith(0);
      expect(said).toContain('(scope_not_granted)');
    }
    expect((await lfs(writer, 'locks')).said).toMatch(/^model\.bin\s+ci/);
  });

  test('no client credential reaches the server', () => {
    expect(scenario.server.seen()).toContain('/info/lfs/locks');
    for (const secret of [scenario.job.token, SECRET.edge, SECRET.bot])
      expect(scenario.server.seen()).not.toContain(secret);
  });
});
