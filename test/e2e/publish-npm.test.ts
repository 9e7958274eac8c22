/** npm publishes with only the ID token of its CI job and exchanges it itself. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { npmEnvironment } from '../support/npm-environment.ts';
import { run, type Outcome } from '../support/run.ts';
import { startVerdaccio } from '../support/verdaccio.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const AUDIENCE = 'npm:127.0.0.1';

const scenario = useJobScenario({
  backends: () => ({ verdaccio: () => startVerdaccio() }),
  config: ({ gitlab, verdaccio }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", replay: once }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["@acme/*"] }
services:
  npm:
    type: npm
    hosts: [127.0.0.1]
    path: /npm/
    trustedPublishing: { audience: "${AUDIENCE}" }
    upstream:
      url: "${verdaccio.url}/"
      auth: { basic: { username: ${verdaccio.username}, password: ${verdaccio.password} } }
`,
});

/** Runs `npm publish` in a GitLab scenario.job with this ID token and no other credential. */
function publish(place: string, name: string, idToken: string): Promise<Outcome> {
  const cwd = join(scenario.folder, place);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  writeFileSync(join(cwd, '.npmrc'), `registry=${scenario.gateway.url}/npm/\n`);
  const env = {
    ...npmEnvironment(cwd),
    npm_config_cache: join(cwd, 'cache'),
    npm_config_loglevel: 'verbose',
    GITLAB_CI: 'true',
    NPM_ID_TOKEN: idToken,
  };
  return run('npm', ['publish'], { cwd, env });
}

test('npm publish with only NPM_ID_TOKEN', async () => {
  const idToken = scenario.job.idToken({ aud: AUDIENCE });
  const { code, stdout, stderr } = await publish('ui', '@acme/ui', idToken);
  expect({ code, stdout, stderr }).toExitWith(0);
  expect(stderr).toContain('Successfully retrieved and set token');
  const head = {
    Authorization: `Basic ${btoa(`${scenario.verdaccio.username}:${scenario.verdaccio.password}`)}`,
  };
  const stored = await fetch(`${scenario.verdaccio.url}/@acme%2fui`, { headers: head });
  expect(((await stored.json()) as { versions: object }).versions).toHaveProperty('1.0.0');
  expect(scenario.verdaccio.log()).not.toContain(idToken);

  // With replay: once the ID token is exchanged once; the ID token itself grants no access.
  const again = await exchange('@acme%2fui', idToken);
  expect(again.status).toBe(401);
  const direct = await fetch(`${scenario.gateway.url}/npm/@acme%2fui`, {
    headers: { Authorization: `Bearer ${scenario.job.idToken({ aud: AUDIENCE })}` },
  });
  expect(direct.status).toBe(401);
}, 60_000);

function exchange(name: string, token: string): Promise<Response> {
  return fetch(`${scenario.gateway.url}/-/npm/v1/oidc/token/exchange/package/${name}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  });
}

test('a token for one package publishes no other', async () => {
  const answer = await exchange('@acme%2fui', scenario.job.idToken({ aud: AUDIENCE }));
  const { token } = (await answer.json()) as { token: string };
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const other = await fetch(`${scenario.gateway.url}/npm/@acme%2fother`, {
    method: 'PUT',
    headers,
    body: '{}',
  });
  expect([other.status, await other.text()]).toEqual([403, expect.stringContaining('insufficient_scope')]);
});

test('a publication that the policy denies is refused at the exchange', async () => {
  const { code, stdout, stderr } = await publish(
    'other',
    '@other/ui',
    scenario.job.idToken({ aud: AUDIENCE }),
  );
  expect({ code, stdout, stderr }).not.toExitWith(0);
  expect(stderr).toContain('The ID token is not accepted for publishing');
  const bad = [
    scenario.job.idToken(),
    scenario.job.idToken({ aud: AUDIENCE, project_id: '9' }),
    scenario.job.token,
  ];
  const words = new Set<string>();
  for (const token of bad) {
    const answer = await exchange('@acme%2fui', token);
    const text = await answer.text();
    words.add(`${answer.status} ${text.replaceAll(answer.headers.get('x-request-id') ?? '', 'ID')}`);
  }
  expect([...words]).toEqual([expect.stringMatching(/^401 .*not accepted for publishing/)]);
}, 60_000);
