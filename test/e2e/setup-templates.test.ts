/** The GitLab component and the GitHub action around `ci-templates/setup.sh`: their scripts run unchanged. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { readText, ROOT } from '../support/repository.ts';
import { feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { setupComponent } from '../support/setup-component.ts';
import { startSetupJob, SHELLS, type ShellName } from '../support/setup-script.ts';

const COMPONENT = 'ci-templates/gitlab/templates/setup.yml';
const ACTION = 'ci-templates/github/setup/action.yml';

test('the GitLab component contains setup.sh', () => {
  expect(readText(COMPONENT)).toBe(setupComponent());
});

needs('busybox', 'curl', 'dash').describe('a job', () => {
  const { test: run } = needs();
  const scenario = useJobScenario({
    backends: () => ({
      github: () => startIssuer({ type: 'github' }),
      upstream: () => startHttpUpstream((_req, res) => res.end('ok')),
    }),
    config: ({ gitlab, github, upstream }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants: '[{ service: files, scopes: [read_package_registry], resources: ["**"] }]',
        deployToken: '{ service: files, scopes: [read_package_registry], resources: ["**"] }',
        identities: `  release:
    issuer: github
    match: { repository_id: "20" }
    grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }]
`,
        services: `  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }`,
      }).replace('issuers:', `issuers:\n  github: { type: github, issuer: "${github.url}" }`),
  });
  const USE = 'curl -sSf --netrc-file "$NETRC" "$GATEHOUSE_URL/files/x"';

  run('with the GitLab component: before_script, script, after_script, in every shell', async () => {
    const text = readText(COMPONENT).replaceAll('$[[ inputs.url ]]', scenario.gateway.url);
    const [header, body] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    expect(Object.keys((header as { spec: { inputs: object } }).spec.inputs)).toEqual(['url']);
    const job = (body as { '.gatehouse-setup': GitlabJob })['.gatehouse-setup'];
    expect(job.id_tokens).toEqual({ GATEHOUSE_ID_TOKEN: { aud: scenario.gateway.url } });

    for (const shell of Object.keys(SHELLS) as ShellName[]) {
      const created = startSetupJob(shell, { ...job.variables, GATEHOUSE_ID_TOKEN: scenario.job.idToken() });
      const main = await created.script([...job.before_script, USE, 'sh "$GATEHOUSE_SETUP" --renew', USE]);
      expect([shell, main.code, main.stderr]).toEqual([shell, 0, '']);
      expect(existsSync(created.directory)).toBe(true);
      const after = await created.script(job.after_script);
      expect([after.code, after.stderr]).toEqual([0, '']);
      expect(readdirSync(dirname(created.directory))).toEqual([]);
      expect(readdirSync(created.project)).toEqual([]);

      const refused = await created.script([...job.before_script, 'echo reached'], {
        GATEHOUSE_ID_TOKEN: scenario.job.idToken({ aud: 'https://other.example.com' }),
      });
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      await created.script(job.after_script);
      expect(readdirSync(dirname(created.directory))).toEqual([]);
    }
  });

  run('with the GitHub action: later steps have the variables', async () => {
    const { inputs, runs } = parse(readText(ACTION)) as {
      inputs: Record<string, { required: boolean }>;
      runs: { using: string; steps: { run: string; shell: string }[] };
    };
    expect(Object.entries(inputs).map(([name, { required }]) => [name, required])).toEqual([
      ['url', true],
      ['audience', false],
    ]);
    expect(runs.using).toBe('composite');
    const service = await startHttpUpstream((req, res) => {
      const aud = new URL(req.url ?? '', 'http://x').searchParams.get('audience');
      res.end(JSON.stringify({ value: scenario.github.mint({ aud }) }));
    });
    onTestFinished(() => service.close());
    const [step] = runs.steps;
    const created = startSetupJob('dash', {
      CI_JOB_ID: '',
      CI_PROJECT_DIR: '',
      GITHUB_ACTIONS: 'true',
      GITHUB_RUN_ID: '1',
      GITHUB_JOB: 'publish',
      GITHUB_ACTION_PATH: join(ROOT, dirname(ACTION)),
      ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    });
    const env = {
      GATEHOUSE_URL: scenario.gateway.url,
      GATEHOUSE_AUDIENCE: 'https://gateway.example.com',
      GITHUB_WORKSPACE: created.project,
      GITHUB_ENV: join(created.folder, 'github-env'),
      GITHUB_PATH: join(created.folder, 'github-path'),
    };
    writeFileSync(env.GITHUB_ENV, '');
    const setup = await created.script(step?.run ?? '', env);
    expect([step?.shell, setup.code, setup.stderr]).toEqual(['sh', 0, '']);

    // The runner sets these variables for later steps.
    const later = (): NodeJS.ProcessEnv =>
      Object.fromEntries(
        readFileSync(env.GITHUB_ENV, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/=(.*)/s).slice(0, 2)),
      ) as NodeJS.ProcessEnv;
    const { GATEHOUSE_URL: _step, GATEHOUSE_AUDIENCE: _audience, ...runner } = env;
    const used = await created.script(USE, { ...runner, ...later() });
    expect([used.code, used.stdout]).toEqual([0, 'ok']);
    const renewed = await created.script('sh "$GATEHOUSE_SETUP" --renew', { ...runner, ...later() });
    expect([renewed.code, renewed.stderr]).toEqual([0, '']);
    const again = await created.script([USE, 'docker-credential-gatehouse token'], {
      ...runner,
      ...later(),
      PATH: `${readFileSync(env.GITHUB_PATH, 'utf8').split('\n')[0]}:${process.env['PATH']}`,
    });
    expect([again.code, again.stdout]).toEqual([0, `ok${later()['GATEHOUSE_TOKEN']}\n`]);
  });
});

interface GitlabJob {
  readonly id_tokens: object;
  readonly variables: Readonly<Record<string, string>>;
  readonly before_script: readonly string[];
  readonly after_script: readonly string[];
}
