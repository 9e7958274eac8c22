/** Runs the scripts of docs and templates with bash, unchanged. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SELF_HOSTED = 'https://gitlab.example.com';
const NAME = 'gitlab-ci-deploy@workload.example.com';
const RELEASE = 'github-release@workload.example.com';

const scenario = useScenario({
  backends: {
    gitlab: () => startIssuer(),
    github: () => startIssuer({ type: 'github' }),
    cluster: () => startIssuer({ type: 'kubernetes' }),
    upstream: () => startHttpUpstream((_req, res) => res.end('orders')),
    scripts: () => Promise.resolve(temporaryFolder('ci')),
  },
  config: ({ gitlab, github, cluster, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}" }
  github: { type: github, issuer: "${github.url}" }
  cluster: { type: kubernetes, issuer: "${cluster.url}" }
identities:
  deployer:
    issuer: cluster
    match: { /kubernetes.io/namespace: payments, /kubernetes.io/serviceaccount/name: deployer }
    roles: [reader]
  release: { issuer: github, match: { repository_id: "20", ref: refs/heads/main }, roles: [reader] }
roles:
  reader: [{ service: orders, scopes: [read_api], resources: ["**"] }]
workloadIdentities:
  ${NAME}: { platform: gitlab, projectId: "20", branches: [main], roles: [reader], audiences: ["${SELF_HOSTED}"] }
  deployer@workload.example.com: { identity: deployer, audiences: ["https://exchange.example.com"] }
  ${RELEASE}: { platform: github, projectId: "20", branches: [main], roles: [reader] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
});

/** Runs the lines of a script like a CI runner: in one shell that stops at the first failure. */
function bash(lines: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const file = join(scenario.scripts.path, `${crypto.randomUUID()}.sh`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return run('bash', ['-eo', 'pipefail', file], {
    cwd: scenario.scripts.path,
    env: { PATH: process.env['PATH'], ...env },
  });
}

interface Job {
  readonly id_tokens: Readonly<Record<string, { readonly aud: string }>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly script: readonly string[];
  readonly before_script: readonly string[];
}

function read(name: string): string {
  return readFileSync(join(ROOT, 'ci-templates', name), 'utf8');
}

needs('curl', 'jq').describe('the job in exchange.gitlab-ci.yml', () => {
  const job = (parse(read('gitlab/exchange.gitlab-ci.yml')) as Record<'who-am-i', Job>)['who-am-i'];
  const [[variable, { aud }] = ['', { aud: '' }]] = Object.entries(job.id_tokens);
  const env = (token: string): NodeJS.ProcessEnv => ({
    ...job.variables,
    GATEHOUSE_URL: scenario.gateway.url,
    [variable]: token,
  });

  test('exchanges its token and prints its identity', async () => {
    expect([aud, job.variables['WORKLOAD_IDENTITY']]).toEqual([SELF_HOSTED, NAME]);
    const { code, stdout, stderr } = await bash(job.script, env(scenario.gitlab.mint({ aud })));
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: `users/${NAME}`, email: NAME, roles: ['reader'] });
  });

  test('of another branch fails and prints the error', async () => {
    const { code, stdout, stderr } = await bash(
      job.script,
      env(scenario.gitlab.mint({ aud, ref_path: 'refs/heads/dev' })),
    );
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toMatch(/^The exchange failed: \{"code":16,"message":"The token is not accepted/);
  });
});

needs('curl', 'jq').test('the GitLab component gives a job its token', async () => {
  const [header, body] = parseAllDocuments(
    read('gitlab/templates/exchange.yml').replaceAll(
      /\$\[\[ inputs\.(\w+) \]\]/g,
      (_all, input: string) =>
        ({ url: scenario.gateway.url, identity: NAME, audience: SELF_HOSTED })[input] ?? '',
    ),
  ).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
  expect(Object.keys((header as { spec: { inputs: object } }).spec.inputs)).toEqual([
    'url',
    'identity',
    'audience',
  ]);
  const job = (body as { '.gatehouse': Job })['.gatehouse'];
  const env = {
    ...job.variables,
    GATEHOUSE_ID_TOKEN: scenario.gitlab.mint({ aud: job.id_tokens['GATEHOUSE_ID_TOKEN']?.aud }),
  };
  const use = 'curl -sS --fail -H "Authorization: Bearer $GATEHOUSE_TOKEN" "$GATEHOUSE_URL/v1/users/me"';
  const good = await bash([...job.before_script, use, 'env'], env);
  expect(good).toExitWith(0);
  expect(good.stdout).toContain(`"email":"${NAME}"`);
  expect(good.stdout).not.toContain('GATEHOUSE_ID_TOKEN=');
  const bad = await bash([...job.before_script, use], { ...env, GATEHOUSE_ID_TOKEN: scenario.gitlab.mint() });
  expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining('gatehouse: the exchange failed')]);
});

needs('curl', 'jq').test('the GitHub action outputs a masked token', async () => {
  const { inputs, runs } = parse(read('github/exchange/action.yml')) as {
    inputs: Record<string, { required: boolean }>;
    runs: { using: string; steps: { run: string; shell: string; env: Record<string, string> }[] };
  };
  expect(Object.entries(inputs).map(([name, { required }]) => [name, required])).toEqual([
    ['url', true],
    ['identity', true],
    ['audience', false],
  ]);
  expect([runs.using, runs.steps.map(({ shell }) => shell)]).toEqual(['composite', ['bash']]);
  // The API that a runner offers to jobs with id-token: write.
  const asked: (string | undefined)[] = [];
  const service = await startHttpUpstream((req, res) => {
    asked.push(req.url, req.headers.authorization);
    const aud = new URL(req.url ?? '', 'http://x').searchParams.get('audience');
    res.end(JSON.stringify({ value: scenario.github.mint({ aud }) }));
  });
  const output = join(scenario.scripts.path, 'output');
  writeFileSync(output, '');
  const env = {
    GATEHOUSE_URL: scenario.gateway.url,
    GATEHOUSE_IDENTITY: RELEASE,
    GATEHOUSE_AUDIENCE: 'https://gateway.example.com',
    GITHUB_OUTPUT: output,
    ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  };
  const lines = runs.steps.map((step) => step.run);
  const { code, stdout, stderr } = await bash(lines, env);
  expect({ code, stdout, stderr }).toExitWith(0);
  expect(asked).toEqual([
    '/token?api-version=2&audience=https%3A%2F%2Fgateway.example.com',
    'Bearer request-token',
  ]);
  const token = /^token=(.+)\n$/.exec(readFileSync(output, 'utf8'))?.[1] ?? '';
  expect(stdout).toContain(`::add-mask::${token}\n`);
  const me = await fetch(`${scenario.gateway.url}/v1/users/me`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(await me.json()).toMatchObject({ email: RELEASE });

  const { ACTIONS_ID_TOKEN_REQUEST_URL: _none, ...without } = env;
  const refused = await bash(lines, without);
  expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining('id-token: write')]);
  await service.close();
});

/** Returns the one bash block of a page that contains the text. */
function block(page: string, mark: string): string {
  const text = readFileSync(join(ROOT, 'docs/guides/ci', page), 'utf8');
  const blocks = [...text.matchAll(/```(?:bash|yaml)\n(.*?)```/gs)].map(([, code = '']) => code);
  return blocks.find((code) => code.includes(mark)) ?? '';
}

needs('curl', 'jq').describe('the documentation', () => {
  test('gitlab.md contains the script of the template', () => {
    const [line = ''] = (parse(read('gitlab/exchange.gitlab-ci.yml')) as Record<'who-am-i', Job>)['who-am-i']
      .script;
    expect((parse(block('gitlab.md', 'RESPONSE=')) as Job).script).toEqual([line]);
  });

  test('gitlab.md shows the claims of a token', async () => {
    const line = block('gitlab.md', 'base64 -d');
    for (const claims of [{}, { padding: 'a' }, { padding: 'ab' }, { text: 'ä?>~' }]) {
      const { stdout } = await bash([line], { GATEHOUSE_TOKEN: scenario.gitlab.mint(claims) });
      expect(JSON.parse(stdout)).toMatchObject({ project_id: '20', ...claims });
    }
  });

  test('github.md requests a token and uses it directly', async () => {
    const service = await startHttpUpstream((req, res) => {
      const aud = new URL(req.url ?? '', 'http://x').searchParams.get('audience');
      const known = req.headers.authorization === 'Bearer request-token';
      res.end(JSON.stringify(known ? { value: scenario.github.mint({ aud }) } : {}));
    });
    const { steps } = parse(block('github.md', '| jq -r .value')) as { steps: { run: string }[] };
    const lines = steps.map((step) =>
      step.run.replace('https://gateway.example.com/orders', `${scenario.gateway.url}/orders`),
    );
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    };
    const good = await bash(lines, env);
    expect(good.stdout, good.stderr).toBe('orders');
    expect(await bash(lines, { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'other' })).not.toExitWith(0);
    await service.close();
  });

  test('kubernetes.md exchanges the token of a service account', async () => {
    const file = join(scenario.scripts.path, 'projected');
    writeFileSync(file, scenario.cluster.mint({ aud: ['https://exchange.example.com'] }));
    const line = block('kubernetes.md', '--rawfile')
      .replaceAll('/var/run/secrets/gatehouse/token', file)
      .replaceAll('https://gateway.example.com', scenario.gateway.url);
    const { stdout, stderr } = await bash([line], {});
    const headers = { Authorization: `Bearer ${stdout.trim()}` };
    const me = await fetch(`${scenario.gateway.url}/v1/users/me`, { headers });
    expect(await me.json(), stderr).toMatchObject({
      email: 'deployer@workload.example.com',
      issuer: 'cluster',
    });
  });
});
