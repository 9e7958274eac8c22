import { describe, expect, test } from 'vitest';
import { readJob } from '../../../../src/credentials/job-token/job-token-claims.ts';
import { jobAnswer } from '../../../support/gitlab-job-answer.ts';
import { GitlabState } from '../../../support/gitlab-state.ts';

const ISSUER = 'https://gitlab.example.com';
const BASES = ['https://gitlab.internal:8443', ISSUER];

const state = new GitlabState({ now: () => 0 });
const record = {
  id: 4242,
  name: 'deploy',
  token: 'glcbt-unused',
  project: state.project(20, 'acme/payments'),
  ref: 'main',
  tag: false,
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  user: { id: 3, username: 'ana' },
  pipeline: { id: 1212, source: 'push' },
  status: 'running',
  erased: false,
} as const;
const ANSWER = jobAnswer(record, ISSUER);

const read = (changes: object, bases = BASES): ReturnType<typeof readJob> =>
  readJob({ ...ANSWER, ...changes }, bases);

test('the documented response has the names and types of ID tokens', () => {
  expect(read({})).toEqual({
    kind: 'confirmed',
    subject: 'project_path:acme/payments:ref_type:branch:ref:main',
    claims: {
      project_id: '20',
      project_path: 'acme/payments',
      ref: 'main',
      ref_type: 'branch',
      pipeline_id: '1212',
      pipeline_source: 'push',
      job_id: '4242',
      user_id: '3',
      user_login: 'ana',
      sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    },
  });
});

describe('missing members stay absent', () => {
  test.each([
    ['no user', { user: null }, ['user_id', 'user_login']],
    ['no pipeline', { pipeline: undefined }, ['project_id', 'pipeline_id', 'pipeline_source']],
    ['neither pipeline nor commit', { pipeline: null, commit: null }, ['project_id', 'sha']],
    [
      'ids that are no whole numbers',
      { user: { id: 1.5 }, pipeline: { id: '7', project_id: 1e300 } },
      ['user_id', 'pipeline_id', 'project_id'],
    ],
    [
      'empty or broken texts',
      { user: { username: '' }, pipeline: { source: '\ud800' } },
      ['user_login', 'pipeline_source'],
    ],
  ])('%s', (_name, changes, missing) => {
    const job = read(changes);
    const claims = job.kind === 'confirmed' ? job.claims : undefined;
    expect(claims).toMatchObject({ project_path: 'acme/payments', job_id: '4242' });
    expect(missing.filter((name) => Object.hasOwn(claims ?? {}, name))).toEqual([]);
  });

  test('the sha is the one of the commit if the pipeline has none', () => {
    expect(read({ pipeline: { id: 1 }, commit: { id: 'abc' } })).toMatchObject({ claims: { sha: 'abc' } });
  });

  test('unexpected members are ignored', () => {
    const job = read({ ref_protected: 'true', namespace_id: '7', environment: 'production', sub: 'x' });
    expect(Object.keys(job.kind === 'confirmed' ? job.claims : {})).toHaveLength(10);
  });
});

test.each([
  ['a tag named main', { tag: true }, 'tag', 'main'],
  ['a merge request', { ref: 'refs/merge-requests/7/head' }, 'branch', 'refs/merge-requests/7/head'],
  ['a ref with colons and stars', { ref: 'a:ref:*' }, 'branch', 'a:ref:*'],
])('%s', (_name, changes, type, ref) => {
  expect(read(changes)).toMatchObject({
    subject: `project_path:acme/payments:ref_type:${type}:ref:${ref}`,
    claims: { ref, ref_type: type },
  });
});

describe('the project path', () => {
  test.each([
    ['of the issuer', `${ISSUER}/acme/payments/-/jobs/4242`, 'acme/payments'],
    ['of the apiUrl', 'https://gitlab.internal:8443/acme/web/ui/-/jobs/4242', 'acme/web/ui'],
    ['with dots, dashes and case', `${ISSUER}/A.b/c-d_e.f/-/jobs/4242`, 'A.b/c-d_e.f'],
  ])('%s', (_name, web_url, project_path) => {
    expect(read({ web_url })).toMatchObject({ kind: 'confirmed', claims: { project_path } });
  });

  test('of a GitLab with a relative URL root', () => {
    const bases = ['https://example.com', 'https://example.com/gitlab'];
    const job = read({ web_url: 'https://example.com/gitlab/acme/payments/-/jobs/4242' }, bases);
    expect(job).toMatchObject({ claims: { project_path: 'acme/payments' } });
  });

  test.each([
    ['another host', 'https://evil.example/acme/payments/-/jobs/4242'],
    ['another scheme', 'http://gitlab.example.com/acme/payments/-/jobs/4242'],
    ['another port', 'https://gitlab.example.com:8443/acme/payments/-/jobs/4242'],
    ['a host that only begins so', 'https://gitlab.example.com.evil.example/acme/payments/-/jobs/4242'],
    ['a user name that looks like the host', 'https://gitlab.example.com@evil.example/acme/x/-/jobs/4242'],
    ['another job', `${ISSUER}/acme/payments/-/jobs/4243`],
    ['more after the job', `${ISSUER}/acme/payments/-/jobs/4242/trace`],
    ['a query', `${ISSUER}/acme/payments/-/jobs/4242?x`],
    ['dot segments', `${ISSUER}/acme/x/../payments/-/jobs/4242`],
    ['two separators', `${ISSUER}/acme/payments/-/jobs/1/-/jobs/4242`],
    ['an escape', `${ISSUER}/acme/pay%6dents/-/jobs/4242`],
    ['an empty segment', `${ISSUER}/acme//payments/-/jobs/4242`],
    ['no group', `${ISSUER}/payments/-/jobs/4242`],
    ['no path', `${ISSUER}/-/jobs/4242`],
    ['no address', 'acme/payments/-/jobs/4242'],
  ])('%s is refused', (_name, web_url) => {
    expect(read({ web_url })).toMatchObject({ kind: 'deny', reason: 'credential_invalid' });
  });
});

test.each(['success', 'failed', 'canceled', 'canceling', 'pending', 'skipped', 'RUNNING', 'running '])(
  'status %s is not running',
  (status) => {
    expect(read({ status })).toMatchObject({ kind: 'deny', reason: 'job_not_running' });
  },
);

test.each([
  ['no status', { status: undefined }],
  ['no id', { id: undefined }],
  ['an id that is no number', { id: '4242' }],
  ['no web_url', { web_url: null }],
  ['no ref', { ref: undefined }],
  ['an empty ref', { ref: '' }],
  ['no tag', { tag: undefined }],
  ['a tag that is a text', { tag: 'false' }],
])('with %s the response is invalid', (_name, changes) => {
  expect(read(changes)).toMatchObject({ kind: 'invalid' });
});
