/** ci-templates/…/policy-diff: the scripts in a repository with a changed policy, and an API for comments. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { startCommentsApi } from '../support/comments-api.ts';
import { ROOT, readText } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';

const TOKEN = 'glpat-canary-0001';
const LOG = 'https://git.example.com/acme/policy/actions/runs/12';

function policy(ref: string): string {
  return `version: 1
issuers: { gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: [gw] } }
identities:
  job:
    issuer: gitlab
    match: { project_id: '20', ref: ${ref} }
    grants: [{ service: orders, scopes: [read_api], resources: ['**'] }]
services: { orders: { type: http, path: /orders/, upstream: { url: http://127.0.0.1:1/ } } }
`;
}

interface GitlabFile {
  readonly 'policy-diff': { readonly script: readonly string[] };
}
interface Step {
  readonly run?: string;
  readonly if?: string;
}
interface GithubFile {
  readonly jobs: { readonly 'policy-diff': { readonly steps: readonly Step[] } };
}

const JOBS = [
  [
    'gitlab/policy-diff.gitlab-ci.yml',
    (file: GitlabFile): Step[] => [{ run: file['policy-diff'].script.join('\n') }],
  ],
  ['github/policy-diff.yml', (file: GithubFile): readonly Step[] => file.jobs['policy-diff'].steps],
] as const;

test.each(JOBS)('%s comments once, and updates the comment', { timeout: 180_000 }, async (name, stepsOf) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-diff-ci-'));
  // More than one page: the comment of the first run is found on the second page.
  const api = await startCommentsApi(TOKEN, 130);
  // A comment of the author of the change, who could edit it after the pipeline.
  const [spoofed] = api.comments;
  if (spoofed !== undefined) spoofed.body = '<!-- gatehouse diff -->\nNo differences.';
  onTestFinished(async () => {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const [origin, project, bin] = ['origin', 'project', 'bin'].map((each) => join(folder, each));
  mkdirSync(bin ?? '');
  writeFileSync(join(bin ?? '', 'gatehouse'), `#!/bin/sh\nexec node ${join(ROOT, 'src/main.ts')} "$@"\n`, {
    mode: 0o755,
  });
  const PATH = [bin, dirname(process.execPath), process.env['PATH']].join(':');
  const git = async (cwd: string, ...args: string[]): Promise<string> => {
    const identity = ['-c', 'user.name=ci', '-c', 'user.email=ci@example.com'];
    const outcome = await run('git', [...identity, ...args], {
      cwd,
      env: { ...process.env, HOME: folder },
    });
    expect(outcome).toExitWith(0);
    return outcome.stdout.trim();
  };
  mkdirSync(join(origin ?? '', 'config'), { recursive: true });
  writeFileSync(join(origin ?? '', 'config/gatehouse.yaml'), policy('main'));
  await git(origin ?? '', 'init', '--quiet', '--initial-branch=main');
  await git(origin ?? '', 'add', '.');
  await git(origin ?? '', 'commit', '--quiet', '-m', 'policy');
  const base = await git(origin ?? '', 'rev-parse', 'HEAD');
  await git(folder, 'clone', '--quiet', origin ?? '', project ?? '');

  const steps = stepsOf(parse(readText(`ci-templates/${name}`)) as GitlabFile & GithubFile);
  const env = {
    ...process.env,
    PATH,
    HOME: folder,
    GATEHOUSE_CONFIG: 'config',
    GATEHOUSE_COMMENT_TOKEN: TOKEN,
    GITHUB_TOKEN: TOKEN,
    CI_API_V4_URL: `${api.url}/api/v4`,
    CI_PROJECT_ID: '7',
    CI_MERGE_REQUEST_IID: '3',
    CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
    BASE_SHA: base,
    PULL_REQUEST: '3',
    GITHUB_API_URL: api.url,
    GITHUB_REPOSITORY: 'acme/policy',
    GITHUB_WORKSPACE: project,
    CI_JOB_URL: LOG,
    GITHUB_SERVER_URL: 'https://git.example.com',
    GITHUB_RUN_ID: '12',
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
  };
  const job = async (): Promise<Outcome> => {
    let result: Outcome = { code: 0, stdout: '', stderr: '' };
    for (const { run: script, if: condition = '' } of steps) {
      // A step runs after a failed one if its condition contains a status function.
      if (script === undefined || (result.code !== 0 && !condition.includes('!cancelled()'))) continue;
      const outcome = await run('bash', ['-e', '-c', script], { cwd: project ?? '', env });
      if (result.code === 0) result = outcome;
    }
    return result;
  };

  writeFileSync(join(project ?? '', 'config/gatehouse.yaml'), policy('{ in: [main, dev] }'));
  const first = await job();
  expect(first).toExitWith(0);
  expect(api.comments).toHaveLength(131);
  expect(spoofed?.body).toBe('<!-- gatehouse diff -->\nNo differences.');
  expect(api.comments[130]?.body).toContain('**1 gain** (1 certain), 0 losses, 1 changed setting.');

  // A runner can reuse the checkout, with the worktree of the earlier job.
  writeFileSync(join(project ?? '', 'config/gatehouse.yaml'), policy('main'));
  const second = await job();
  expect(second).toExitWith(0);
  expect(api.comments).toHaveLength(131);
  expect(api.comments[130]?.body).toContain('No differences.');

  writeFileSync(
    join(project ?? '', 'config/gatehouse.yaml'),
    policy('[').replace('version: 1', 'version: 2'),
  );
  expect(await job()).toExitWith(2);
  expect(api.comments).toHaveLength(131);
  expect(api.comments[130]?.body).toContain(
    `**The comparison failed** with exit code 2. [The log of the job](${LOG}) has the reason.`,
  );
  expect(api.comments[130]?.body).not.toContain('No differences.');

  // Commented again once it is corrected.
  writeFileSync(join(project ?? '', 'config/gatehouse.yaml'), policy('main'));
  expect(await job()).toExitWith(0);
  expect(api.comments[130]?.body).toContain('No differences.');
});
