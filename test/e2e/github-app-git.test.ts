/** Real git through the gateway: a server that requires installation tokens, as GitHub does, and `git http-backend`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { gitClient, type GitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { startGithubApi } from '../support/github-api.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startScenario } from '../support/scenario.ts';
import { useStarted } from '../support/use-started.ts';

needs('git').describe('git with installation tokens', () => {
  const scenario = useStarted(async () => {
    const github = await startGithubApi();
    const issuer = await startIssuer({ type: 'github' });
    const started = await startScenario({
      backends: {
        github: () => Promise.resolve(github),
        issuer: () => Promise.resolve(issuer),
        server: () =>
          startGitServer({
            authorize: (authorization = '', path) =>
              authorization.startsWith('Basic ') &&
              github
                .tokenOf(authorization)
                ?.repositories.some(({ fullName }) => path.startsWith(`/${fullName}.git/`)) === true,
          }),
      },
      files: { 'app.pem': github.pem.pkcs1 },
      config: ({ server }) => `
issuers: { github: { type: github, issuer: "${issuer.url}" } }
identities:
  jobs: { issuer: github, match: { repository_owner_id: "7" }, grants: [{ service: git, scopes: [read_repository, write_repository], resources: ["acme/**"] }] }
  special: { issuer: github, match: { repository_owner_id: "8" }, grants: [{ service: git, scopes: [read_repository], resources: ["acme/**"] }] }
services:
  git:
    type: git
    path: /git/
    upstream:
      url: "${server.url}/"
      auth:
        perIdentity:
          default: { githubApp: { apiUrl: "${github.url}", appId: ${github.appId}, keyFile: app.pem, installation: 7, permissions: { contents: write }, repositoryIds: ["{claims.repository_id}"] } }
          special: { githubApp: { apiUrl: "${github.url}", appId: ${github.appId}, keyFile: app.pem, installation: acme/web, permissions: { contents: read }, repositories: [web] } }
`,
    });
    for (const path of ['acme/payments', 'acme/web']) {
      const place = await started.server.repository(path);
      const seeder = gitClient(join(started.gateway.folder, `seed-${path.slice(5)}`));
      await seeder.ok(['init', '--quiet', '--initial-branch=main', 'seed']);
      writeFileSync(join(seeder.home, 'seed/README'), `${path}\n`);
      await seeder.ok(['add', '.'], { in: 'seed' });
      await seeder.ok(['commit', '--quiet', '-m', 'seed'], { in: 'seed' });
      await seeder.ok(['push', '--quiet', place, 'main'], { in: 'seed' });
    }
    return started;
  });
  let clients = 0;

  function client(): GitClient {
    clients += 1;
    return gitClient(join(scenario.gateway.folder, `client-${clients}`));
  }

  function urlFor(path: string, claims: Readonly<Record<string, string>>): string {
    const token = scenario.issuer.mint(claims);
    return `${scenario.gateway.url.replace('//', `//ci:${token}@`)}/git/${path}`;
  }

  const { test } = needs('git');

  test('clones and pushes with a token for the repository of the job', async () => {
    const git = client();
    const { ok, home } = git;
    await ok(['clone', '--quiet', urlFor('acme/payments.git', { repository_id: '20' }), 'work']);
    expect(readFileSync(join(home, 'work/README'), 'utf8')).toBe('acme/payments\n');
    writeFileSync(join(home, 'work/CHANGED'), 'x');
    await ok(['add', '.'], { in: 'work' });
    await ok(['commit', '--quiet', '-m', 'change'], { in: 'work' });
    await ok(['push', '--quiet'], { in: 'work' });
    expect(scenario.github.issued).toHaveLength(1);
    const token = scenario.github.issued[0]?.token ?? '';
    const output = scenario.gateway.auditText();
    expect(output).not.toContain(token);
    expect(output).not.toContain(token.slice(0, 20));
  });

  test('the token of a job does not reach another repository, although the policy grants it', async () => {
    const cloned = await client().run(['clone', urlFor('acme/web.git', { repository_id: '20' }), 'work']);
    expect(cloned).not.toExitWith(0);
    expect(cloned.stdout + cloned.stderr).not.toContain('x-access-token');
  });

  test('an identity with its own entry has other limits', async () => {
    const special = { repository_id: '20', repository_owner_id: '8' };
    await client().ok(['clone', '--quiet', urlFor('acme/web.git', special), 'work']);
    expect(scenario.github.issued.at(-1)).toMatchObject({
      permissions: { contents: 'read' },
      repositories: [{ fullName: 'acme/web' }],
    });
  });

  test('a job without the claim gets the reason', async () => {
    const cloned = await client().run(['clone', urlFor('acme/payments.git', { repository_id: '' }), 'work']);
    expect(cloned).not.toExitWith(0);
    await eventually('the audit event', () =>
      scenario.gateway.auditText().includes('"reason":"narrowing_empty"'),
    );
  });
});
