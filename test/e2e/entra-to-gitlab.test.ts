/** Service principals at GitLab's API, with the configuration of docs/guides/entra-to-gitlab.md. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curl } from '../support/curl.ts';
import { startEntra, type TestEntra } from '../support/entra.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startGitlabRest, type GitlabAccount, type GitlabRest } from '../support/gitlab-rest.ts';
import { needs } from '../support/needs.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { readText, ROOT } from '../support/repository.ts';

const TENANT = '00000000-1111-2222-3333-444444444444';
const GATEWAY = '11111111-2222-3333-4444-555555555555';
const CONFIG = 'config/entra-to-gitlab.yaml';

const PRINCIPALS = {
  'release-bot': {
    clientId: '33333333-0000-4000-8000-000000000001',
    secret: 'canary-entra-secret-1',
    objectId: '22222222-3333-4444-5555-666666666666',
  },
  inventory: {
    clientId: '33333333-0000-4000-8000-000000000002',
    secret: 'canary-entra-secret-2',
    objectId: '44444444-0000-4000-8000-000000000002',
    roles: ['GitLab.Read'],
  },
  /** Any application of the tenant can obtain a token for the gateway. */
  stranger: {
    clientId: '33333333-0000-4000-8000-000000000003',
    secret: 'canary-entra-secret-3',
    objectId: '44444444-0000-4000-8000-000000000003',
  },
} as const;
type Name = keyof typeof PRINCIPALS;

const releaseBot: GitlabAccount = { username: 'svc-release', token: 'glpat-canary-release', scope: 'api' };
const inventory: GitlabAccount = { username: 'svc-inventory', token: 'glpat-canary-inv', scope: 'read_api' };

let folder: string;
let entra: TestEntra;
let gitlab: GitlabRest;
let gateway: GatewayProcess;

beforeAll(async () => {
  entra = await startEntra(TENANT, GATEWAY, Object.values(PRINCIPALS));
  gitlab = await startGitlabRest([releaseBot, inventory]);
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  writeFileSync(join(folder, 'release-bot'), `${releaseBot.token}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'inventory'), `${inventory.token}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'gatehouse.yaml'), readFileSync(join(ROOT, CONFIG)));
  gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'), {
    GATEHOUSE_LISTEN: '127.0.0.1:0',
    GATEHOUSE_ADMIN: '127.0.0.1:0',
    ENTRA_KEYS: entra.jwksUri,
    GITLAB_API: gitlab.apiUrl,
    GITLAB_TOKENS: folder,
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([entra.close(), gitlab.close()]);
  rmSync(folder, { recursive: true });
});

/** Sends the curl request of the page. */
async function login(name: Name): Promise<string> {
  const { clientId, secret } = PRINCIPALS[name];
  const answer = await curl(
    '--data-urlencode',
    `client_id=${clientId}`,
    '--data-urlencode',
    `client_secret=${secret}`,
    '--data-urlencode',
    'grant_type=client_credentials',
    '--data-urlencode',
    `scope=api://${GATEWAY}/.default`,
    entra.tokenEndpoint,
  );
  expect(answer.status).toBe(200);
  return String((JSON.parse(answer.body) as { access_token: unknown }).access_token);
}

async function call(name: Name, path: string, ...args: readonly string[]): Promise<RawResponse> {
  const token = await login(name);
  const answer = await curl('--oauth2-bearer', token, ...args, `${gateway.url}/gitlab/${path}`);
  // GitLab never receives the Entra token, nor the client a GitLab token.
  expect(gitlab.seen()).not.toContain(token);
  expect(answer.head + answer.body).not.toContain('glpat-');
  return answer;
}

test('the page shows the tested configuration', () => {
  const page = readText('docs/guides/entra-to-gitlab.md');
  const yaml = /```yaml\n([^]*?)```/.exec(page)?.[1];
  const tested = readText(CONFIG).split('\n');
  expect(yaml?.split('\n')).toEqual(tested.slice(tested.indexOf('issuers:')));
});

needs('curl').describe('an Entra service principal at GitLab’s API', () => {
  test('each acts in GitLab as the identity of its token', async () => {
    const mine = await call('inventory', 'user');
    expect([mine.status, JSON.parse(mine.body)]).toEqual([
      200,
      { id: 7, username: 'svc-inventory', state: 'active' },
    ]);
    const issue = await call('release-bot', 'projects/42/issues', '--data', 'title=Release 1.2');
    expect([issue.status, JSON.parse(issue.body)]).toMatchObject([
      201,
      { author: { username: 'svc-release' } },
    ]);
    expect(gitlab.callers).toEqual(['svc-inventory', 'svc-release']);
  });

  test('requests that the policy does not grant do not reach GitLab', async () => {
    const before = gitlab.callers.length;
    for (const [name, path, status, reason, ...args] of [
      ['release-bot', 'projects/43', 403, 'resource_not_granted'],
      ['release-bot', 'user', 403, 'resource_not_granted'],
      ['inventory', 'projects/42/issues', 403, 'scope_not_granted', '--data', 'title=x'],
      ['stranger', 'projects/42', 403, 'no_matching_identity'],
    ] as const) {
      const answer = await call(name, path, ...args);
      expect([name, answer.status, (JSON.parse(answer.body) as { error: string }).error]).toEqual([
        name,
        status,
        reason,
      ]);
    }
    expect(gitlab.callers).toHaveLength(before);
  });

  test('impersonation headers and parameters have no effect', async () => {
    const answer = await call(
      'inventory',
      'user?sudo=root&private_token_=x',
      '--header',
      'Sudo: root',
      '--header',
      'Private_Token: glpat-spoofed',
    );
    // Two credentials are ambiguous.
    expect(answer.status).toBe(400);
    const sudo = await call('inventory', 'user?sudo=root', '--header', 'Sudo: root');
    expect(JSON.parse(sudo.body)).toMatchObject({ username: 'svc-inventory' });
    expect(gitlab.seen()).not.toMatch(/sudo|spoofed/i);
  });

  test('pagination links lead through the gateway', async () => {
    const ids: number[] = [];
    for (let path: string | undefined = 'projects?per_page=2'; path !== undefined;) {
      const answer: RawResponse = await call('inventory', path);
      ids.push(...(JSON.parse(answer.body) as { id: number }[]).map(({ id }) => id));
      path = /<(?:https?:\/\/[^/>]*)?\/gitlab\/([^>]*)>; rel="next"/.exec(
        answer.headers.get('link') ?? '',
      )?.[1];
    }
    expect(ids).toEqual([42, 43, 44, 45, 46]);
  });

  test('a rotated GitLab token is used once its file is updated', async () => {
    inventory.token = 'glpat-canary-rotated';
    const refused = await call('inventory', 'user');
    expect([refused.status, (JSON.parse(refused.body) as { error: string }).error]).toEqual([
      502,
      'upstream_unauthorized',
    ]);
    writeFileSync(join(folder, 'new'), `${inventory.token}\n`, { mode: 0o600 });
    renameSync(join(folder, 'new'), join(folder, 'inventory'));
    await eventually('the new token', async () => (await call('inventory', 'user')).status === 200);
  });

  test('the audit log identifies the caller and contains no token', async () => {
    const { stdout, stderr } = await eventually('the last event', () => {
      const output = gateway.output();
      return output.stdout.includes('"reason":"upstream_unauthorized"') && output;
    });
    expect(stdout).toContain('"name":"release-bot"');
    expect(stdout + stderr).not.toMatch(/canary|eyJ/);
  });
});
