/** Real git and git-lfs, a real LFS server (giftless) and `git http-backend`, behind the gateway. */
import { hash, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { beforeAll, expect } from 'vitest';
import { gitClient, type GitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { needs } from '../support/needs.ts';
import { needsPython, startGiftless, type LfsServer } from '../support/python.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { useStarted } from '../support/use-started.ts';

needs('git', 'git-lfs').describe('git-lfs', () => {
  let clients = 0;
  /** Credentials that giftless issued for uploads and that clients must not receive. */
  const answers: string[] = [];
  const { test } = needsPython;

  const giftless = useStarted(() => startGiftless());
  const scenario = useJobScenario({
    backends: () => ({ server: () => startGitServer({ lfs: passTo(giftless, answers) }) }),
    config: ({ gitlab, server }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants:
          '[{ service: git, scopes: [read_repository, write_repository], resources: ["{claims.project_path}"] }]',
        deployToken: '{ service: git, scopes: [read_repository], resources: ["acme/payments"] }',
        services: `  git:
    type: git
    path: /git/
    upstream:
      url: "${server.url}/"
      auth: { basic: { username: ${server.username}, password: ${server.password} } }
`,
      }),
  });
  beforeAll(async () => {
    await scenario.server.repository('acme/payments');
  }, 60_000);

  /** git with the git-lfs filters and a credential in its store. */
  async function client(username: string, secret: string): Promise<GitClient> {
    clients += 1;
    const git = gitClient(join(scenario.folder, `client-${clients}`));
    await git.ok(['lfs', 'install', '--skip-repo']);
    await git.ok(['config', '--global', 'credential.helper', 'store']);
    appendFileSync(
      join(git.home, '.git-credentials'),
      `${scenario.gateway.url.replace('//', `//${username}:${encodeURIComponent(secret)}@`)}\n`,
    );
    return git;
  }

  async function commitLarge(git: GitClient, name: string): Promise<Buffer> {
    const content = randomBytes(300_000);
    writeFileSync(join(git.home, 'work', name), content);
    await git.ok(['lfs', 'track', '*.bin'], { in: 'work' });
    await git.ok(['add', '.'], { in: 'work' });
    await git.ok(['commit', '--quiet', '-m', name], { in: 'work' });
    return content;
  }

  const remote = (): string => `${scenario.gateway.url}/git/acme/payments.git`;
  const lfsCalls = (): string[] =>
    scenario.server.calls.flatMap(({ method, url }) =>
      url.includes('/info/lfs/') ? [`${method} ${url}`] : [],
    );
  const objectOf = (content: Buffer): string =>
    `/acme/payments.git/info/lfs/objects/storage/${hash('sha256', content)}`;

  test('uploads and verifies with a job token, downloads with an ID token and a deploy token', async () => {
    const git = await client('gitlab-ci-token', scenario.job.token);
    await git.ok(['clone', '--quiet', remote(), 'work']);
    const content = await commitLarge(git, 'one.bin');
    await git.ok(['push', '--quiet', 'origin', 'HEAD:main'], { in: 'work' });
    expect(lfsCalls()).toEqual(
      expect.arrayContaining([
        'POST /acme/payments.git/info/lfs/objects/batch',
        `PUT ${objectOf(content)}`,
        'POST /acme/payments.git/info/lfs/objects/storage/verify',
      ]),
    );
    for (const [username, secret] of [
      ['job', scenario.job.idToken()],
      ['edge', DEPLOY_SECRET],
    ] as const) {
      const reader = await client(username, secret);
      await reader.ok(['clone', '--quiet', remote(), 'work']);
      expect(readFileSync(join(reader.home, 'work/one.bin')).equals(content)).toBe(true);
    }
    expect(lfsCalls().filter((call) => call.startsWith(`GET ${objectOf(content)}`))).toHaveLength(2);
  });

  test('with an ID token in http.extraHeader', async () => {
    const git = await client('nobody', 'nothing');
    const header = ['-c', `http.extraHeader=Authorization: Bearer ${scenario.job.idToken()}`];
    await git.ok([...header, 'clone', '--quiet', remote(), 'work']);
    const content = await commitLarge(git, 'two.bin');
    await git.ok([...header, 'push', '--quiet', 'origin', 'HEAD:main'], { in: 'work' });
    expect(lfsCalls()).toContain(`PUT ${objectOf(content)}`);
  });

  test('every URL that the client follows is the gateway’s, and each transfer is authorized separately', async () => {
    const seen = scenario.gateway
      .auditText()
      .split('\n')
      .filter((line) => line.includes('/objects/storage/'));
    expect(seen.length).toBeGreaterThan(3);
    for (const line of seen)
      expect(JSON.parse(line)).toMatchObject({
        event: { reason: expect.stringMatching(/granted|no_credential/) },
      });
    // The server issued credentials for transfers and received only the gateway’s credential.
    expect(answers.some((answer) => answer.includes('"Authorization": "Bearer ey'))).toBe(true);
    const transfers = scenario.server.calls.filter(({ url }) => url.includes('/objects/storage/'));
    expect(new Set(transfers.map(({ headers }) => headers.authorization?.slice(0, 6)))).toEqual(
      new Set(['Basic ']),
    );
  });

  test('a denied upload, and git-lfs prints the reason', async () => {
    const git = await client('edge', DEPLOY_SECRET);
    await git.ok(['clone', '--quiet', remote(), 'work']);
    await commitLarge(git, 'denied.bin');
    const { code, stdout, stderr } = await git.run(['lfs', 'push', 'origin', 'HEAD'], { in: 'work' });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stdout + stderr).toContain(
      'Your identity "deploy-token:edge" does not have the scope "write_repository", which this request needs for "acme/payments". Ask the maintainers of the policy to grant it.',
    );
  });

  test('a repository that is not granted', async () => {
    const git = await client('gitlab-ci-token', scenario.job.token);
    await git.ok(['clone', '--quiet', remote(), 'work']);
    await git.ok(['config', 'lfs.url', `${scenario.gateway.url}/git/acme/other.git/info/lfs`], {
      in: 'work',
    });
    await commitLarge(git, 'elsewhere.bin');
    const { code, stdout, stderr } = await git.run(['lfs', 'push', 'origin', 'HEAD'], { in: 'work' });
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stdout + stderr).toContain('(resource_not_granted)');
  });

  test('without a credential: the LFS challenge', async () => {
    const answer = await fetch(`${remote()}/info/lfs/objects/batch`, {
      method: 'POST',
      headers: { Accept: 'application/vnd.git-lfs+json', 'Content-Type': 'application/vnd.git-lfs+json' },
      body: '{"operation":"download","objects":[]}',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('lfs-authenticate')).toBe(answer.headers.get('www-authenticate'));
    expect(answer.headers.get('content-type')).toBe('application/vnd.git-lfs+json');
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('(no_credential)') });
  });

  test('no client credential reaches the server', () => {
    for (const secret of [scenario.job.token, DEPLOY_SECRET])
      expect(scenario.server.seen()).not.toContain(secret);
    expect(scenario.server.seen()).not.toMatch(/Bearer eyJ/);
  });
});

/** The usual setup of a Git LFS server: on the same host as the Git server, with the same login. */
function passTo({ url, token }: LfsServer, answers: string[]): RequestListener {
  return (req, res) => {
    const headers = { ...req.headers, authorization: `Bearer ${token}` };
    const forwarded = request(url + (req.url ?? ''), { method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      if (req.url?.endsWith('/batch') === true) answer.on('data', (chunk) => answers.push(String(chunk)));
      answer.pipe(res);
    });
    req.pipe(forwarded);
  };
}
