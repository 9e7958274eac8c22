/** Workflows of GitHub and GitLab: the checks that a run on their servers would otherwise make first. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { actionlint, needsActionlint } from '../support/actionlint.ts';
import { readText, repositoryFiles, ROOT } from '../support/repository.ts';

const files = await repositoryFiles();
const WORKFLOWS = files.filter((file) => file.startsWith('.github/workflows/'));
/** Workflows of this repository, and the ones that users copy. */
const EVERY_WORKFLOW = files.filter(
  (file) => /^(\.github\/workflows|ci-templates\/github|examples)\/.*\.yml$/.test(file) && isWorkflow(file),
);

interface Workflow {
  readonly on?: unknown;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs?: Readonly<
    Record<
      string,
      { readonly permissions?: Readonly<Record<string, string>>; readonly steps?: readonly Step[] }
    >
  >;
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

function isWorkflow(file: string): boolean {
  const { on, jobs } = parse(readText(file)) as Workflow;
  return on !== undefined && jobs !== undefined;
}

function writesOf(permissions: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.keys(permissions).filter((name) => permissions[name] === 'write');
}

needsActionlint.test('actionlint accepts every workflow', async () => {
  expect(EVERY_WORKFLOW.length).toBeGreaterThan(WORKFLOWS.length);
  expect(await actionlint(EVERY_WORKFLOW)).toEqual({ code: 0, stdout: '', stderr: '' });
});

describe.each(WORKFLOWS)('%s', (file) => {
  const { permissions, jobs = {} } = parse(readText(file)) as Workflow;

  test('pins every action to a commit, with its version', () => {
    const uses = [...readText(file).matchAll(/\buses: (?!\.\/)(.*)$/gm)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(0);
    expect(
      uses.filter((action) => !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action!)),
    ).toEqual([]);
  });

  test('grants write permissions to single jobs only', () => {
    expect(permissions).toBeDefined();
    expect(writesOf(permissions)).toEqual([]);
  });

  test('calls only programs of .ci that exist', () => {
    const scripts = Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run = '' }) => run));
    for (const [, program] of scripts.join('\n').matchAll(/(?<!\S|\$\()(?:\$\()?(\.ci\/[\w-]+)/g))
      expect(() => accessSync(join(ROOT, program!), constants.X_OK)).not.toThrow();
  });
});

test('the release needs the checks, and only the publishing jobs can write', () => {
  const { jobs = {} } = parse(readText('.github/workflows/release.yml')) as Workflow;
  expect(jobs['check']).toMatchObject({ uses: './.github/workflows/ci.yml' });
  expect(jobs['image']).toMatchObject({ needs: expect.arrayContaining(['check', 'version']) });
  expect(jobs['publish']).toMatchObject({ needs: expect.arrayContaining(['image']) });
  const writes = Object.entries(jobs).map(([name, job]) => [name, writesOf(job.permissions)] as const);
  expect(Object.fromEntries(writes.filter(([, names]) => names.length > 0))).toEqual({
    image: ['packages'],
    publish: ['contents', 'packages', 'id-token', 'attestations'],
  });
});

test('GitHub and GitLab run .ci/run', () => {
  const { jobs = {} } = parse(readText('.github/workflows/ci.yml')) as Workflow;
  expect(jobs['check']?.steps).toContainEqual({ run: '.ci/run' });
  const pipeline = parse(readText('.gitlab-ci.yml')) as { readonly check: { readonly script: unknown } };
  expect(pipeline.check.script).toEqual(['.ci/run']);
});
