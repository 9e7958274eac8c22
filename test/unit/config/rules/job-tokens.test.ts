import { describe, expect, test } from 'vitest';
import { readJob } from '../../../../src/credentials/job-token/job-token-claims.ts';
import { JOB_TOKEN_CLAIMS } from '../../../../src/core/credentials/job-token-claims.ts';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const PUBLIC = 'https://gateway.example.com';
const ISSUERS = {
  gitlab: 'type: gitlab, issuer: https://gitlab.example.com',
  other: 'type: gitlab, issuer: https://gitlab.example.org',
  github: 'type: github, issuer: https://token.actions.githubusercontent.com',
};

interface Scene {
  /** More keys, by issuer; only these issuers are there. */
  readonly issuers?: Readonly<Partial<Record<keyof typeof ISSUERS, string>>>;
  readonly identities?: readonly string[];
  readonly orders?: string;
}

function scene({ issuers = {}, identities = [], orders = '' }: Scene): string {
  const entries = Object.entries({ gitlab: '', ...issuers }).map(
    ([name, more]) => `${name}: { ${ISSUERS[name as keyof typeof ISSUERS]}${more} }`,
  );
  return configuration({
    issuers: `{ ${entries.join(', ')} }`,
    ...(identities.length === 0
      ? {}
      : { identities: `{ ${identities.map((each, index) => `i${index}: { ${each} }`).join(', ')} }` }),
    services: `{ orders: { type: http, path: /orders/, upstream: { url: http://orders.internal/ }${orders} } }`,
  });
}

const JOB_TOKENS = ', jobTokens: {}';
const caller = (issuer: string, more = '', match = 'project_id: "20"'): string =>
  `issuer: ${issuer}, via: [id_token, job_token], match: { ${match} }, roles: [reader]${more}`;

describe('issuers that accept job tokens', () => {
  test('believe an answer for 30 s unless they say otherwise', () => {
    const cacheOf = (more: string): unknown =>
      accepted(scene({ issuers: { gitlab: more }, identities: [caller('gitlab')] })).issuers[0]?.jobTokens;
    expect(cacheOf(JOB_TOKENS)).toMatchObject({ cache: 30_000 });
    expect(cacheOf(', jobTokens: { cache: 5s }')).toMatchObject({ cache: 5_000 });
  });

  test('have limits below those of GitLab unless they say otherwise', () => {
    const issuer = (more: string): unknown =>
      accepted(scene({ issuers: { gitlab: more }, identities: [caller('gitlab')] })).issuers[0];
    expect(issuer(', jobTokens: {}, deployTokens: {}')).toMatchObject({
      jobTokens: { limits: { burst: 450, perSecond: 7.5, queue: 1_000 } },
      deployTokens: { limits: { failures: 24, window: 180_000, queue: 1_000 } },
    });
    expect(issuer(', jobTokens: { limits: { burst: 50, perSecond: 20, queue: 0 } }')).toMatchObject({
      jobTokens: { limits: { burst: 50, perSecond: 20, queue: 0 } },
    });
  });

  test.each([
    ['30 failures in 3 minutes', '{ failures: 30 }'],
    ['10 failures a minute', '{ failures: 10, window: 1m }'],
  ])('%s are warned of: GitLab bans the gateway', (_, limits) => {
    const issuers = { gitlab: `${JOB_TOKENS}, deployTokens: { limits: ${limits} }` };
    expect(warningsOf(scene({ issuers, identities: [caller('gitlab')] }))).toEqual([
      expect.stringContaining('issuers.gitlab.deployTokens.limits: GitLab bans an address after 30 failures'),
    ]);
  });

  test.each(['{ failures: 29 }', '{ failures: 9, window: 1m }', '{ failures: 20, window: 1h }'])(
    'no warning of %s',
    (limits) => {
      const issuers = { gitlab: `${JOB_TOKENS}, deployTokens: { limits: ${limits} }` };
      expect(warningsOf(scene({ issuers, identities: [caller('gitlab')] }))).toEqual([]);
    },
  );

  test('do not where they do not say so', () => {
    expect(accepted(scene({})).issuers[0]?.jobTokens).toBeUndefined();
  });

  test.each<[string, Scene, string]>([
    [
      'another type',
      { issuers: { github: JOB_TOKENS } },
      'issuers.github.jobTokens: is for issuers of type gitlab; this one is of type github',
    ],
    [
      'another type, with an API',
      { issuers: { github: ', apiUrl: https://api.example.com' } },
      'issuers.github.apiUrl: is for issuers of type gitlab',
    ],
    [
      'an API in the clear',
      { issuers: { gitlab: `${JOB_TOKENS}, apiUrl: http://gitlab.internal` } },
      'issuers.gitlab.apiUrl: must be https: credentials travel to it',
    ],
    [
      'a path of the API',
      { issuers: { gitlab: `${JOB_TOKENS}, apiUrl: https://gitlab.internal/api/v4` } },
      'issuers.gitlab.apiUrl: must be the URL of GitLab itself, without /api/v4',
    ],
    [
      'the gateway as its API',
      { issuers: { gitlab: `${JOB_TOKENS}, apiUrl: ${PUBLIC}/` } },
      'issuers.gitlab.apiUrl: must not be server.publicUrl: the gateway would call itself',
    ],
  ])('%s is refused', (_name, parts, message) => {
    const identities = parts.issuers?.gitlab === undefined ? [] : [caller('gitlab')];
    expect(errorsOf(scene({ identities, ...parts }))).toEqual([expect.stringContaining(message)]);
  });

  test.each(['https://gitlab.internal:8443/', 'https://example.com/gitlab', 'http://127.0.0.1:8080'])(
    'an API at %s',
    (url) => {
      const yaml = scene({
        issuers: { gitlab: `${JOB_TOKENS}, apiUrl: "${url}"` },
        identities: [caller('gitlab')],
      });
      expect(warningsOf(yaml)).toEqual([]);
      expect(accepted(yaml).issuers[0]?.apiUrl).toBe(url);
    },
  );

  test.each<[string, Scene, string]>([
    [
      'an API that is never called',
      { issuers: { gitlab: ', apiUrl: https://gitlab.internal' } },
      'issuers.gitlab.apiUrl: has no effect without jobTokens',
    ],
    [
      'a long memory',
      { issuers: { gitlab: ', jobTokens: { cache: 301s }' }, identities: [caller('gitlab')] },
      'issuers.gitlab.jobTokens.cache: the token of a finished job is accepted for that long',
    ],
    [
      'no identity that takes them',
      { issuers: { gitlab: JOB_TOKENS } },
      'issuers.gitlab.jobTokens: no identity of this issuer has job_token in its via',
    ],
  ])('%s is warned of', (_name, parts, message) => {
    expect(warningsOf(scene(parts))).toEqual([expect.stringContaining(message)]);
  });
});

describe('via job_token', () => {
  test.each<[string, Scene, string]>([
    [
      'an issuer that does not accept them',
      { identities: [caller('gitlab')] },
      'issuer "gitlab" accepts no job tokens; give it jobTokens: {} (',
    ],
    [
      'an issuer of another type',
      {
        issuers: { github: '' },
        identities: [caller('github', '', 'repository_id: 1, event_name: push, ref: x')],
      },
      'issuer "github" accepts no job tokens; only issuers of type gitlab do',
    ],
    [
      'an issuer of another type, next to one that accepts them',
      {
        issuers: { gitlab: JOB_TOKENS, github: '' },
        identities: [caller('github', '', 'repository_id: 1, ref: x'), caller('gitlab')],
      },
      'issuer "github" accepts no job tokens; accepted by: gitlab',
    ],
  ])('%s', (_name, parts, message) => {
    expect(errorsOf(scene(parts))).toEqual([expect.stringContaining(`identities.i0.via[1]: ${message}`)]);
  });

  test('an issuer that is not there is one problem', () => {
    expect(errorsOf(scene({ identities: [caller('gitlub')] }))).toEqual([
      expect.stringContaining('identities.i0.issuer: no issuer is named "gitlub"'),
    ]);
  });
});

describe('claims of job tokens', () => {
  const warnings = (match: string, via = '[id_token, job_token]'): string[] =>
    warningsOf(
      scene({
        issuers: { gitlab: JOB_TOKENS },
        identities: [
          `issuer: gitlab, via: ${via}, match: { project_id: "20", ${match} }, roles: [reader]`,
          caller('gitlab'),
        ],
      }),
    ).filter((warning) => warning.includes('job token'));

  test('are those that introspection gives', () => {
    const job = readJob(
      {
        id: 1,
        status: 'running',
        ref: 'main',
        tag: false,
        web_url: 'https://gitlab.example.com/acme/payments/-/jobs/1',
        user: { id: 3, username: 'ana' },
        pipeline: { id: 4, project_id: 20, sha: 'abc', source: 'push' },
      },
      ['https://gitlab.example.com'],
    );
    expect(job.kind === 'confirmed' && Object.keys(job.claims)).toEqual(JOB_TOKEN_CLAIMS);
  });

  test.each(JOB_TOKEN_CLAIMS.filter((claim) => claim !== 'project_id'))('%s can match', (claim) => {
    expect(warnings(`${claim}: x`)).toEqual([]);
    expect(warnings(`/${claim}: x`)).toEqual([]);
  });

  test.each([
    'namespace_id: "7"',
    'ref_protected: true',
    'environment: production',
    'sub: x',
    'job_project_id: "20"',
    '/namespace_id: "7"',
    'namespace_path: { notIn: [x] }',
  ])('%s never matches one', (match) => {
    const claim = match.split(':')[0] ?? '';
    expect(warnings(match)).toEqual([
      expect.stringMatching(
        /never matches a job token, whose claims are project_id, project_path, ref, .*; remove job_token from via, or add an identity for job tokens without this condition$/,
      ),
    ]);
    expect(warnings(match)[0]).toContain(claim);
    expect(warnings(match, '[id_token]')).toEqual([]);
  });
});

describe('two issuers that accept job tokens', () => {
  const both = { gitlab: JOB_TOKENS, other: JOB_TOKENS };
  const identities = [caller('gitlab'), caller('other')];

  test.each(['', ', issuers: [gitlab, other]', ', issuers: [gitlab, other, github]'])(
    'a service%s cannot tell whose one is',
    (orders) => {
      expect(errorsOf(scene({ issuers: { ...both, github: '' }, identities, orders }))).toEqual([
        expect.stringMatching(
          /services\.orders(\.issuers)?: must name one of gitlab, other: all of them accept job tokens/,
        ),
      ]);
    },
  );

  test('nor where the identities of one alone may use it', () => {
    const one = [caller('gitlab'), 'issuer: other, via: [job_token], match: { project_id: "1" }'];
    expect(errorsOf(scene({ issuers: both, identities: one }))).toHaveLength(1);
  });

  test.each<[string, Scene]>([
    ['a service that names one of them', { issuers: both, identities, orders: ', issuers: [other]' }],
    [
      'a service that names one of them, and one that accepts none',
      { issuers: { ...both, github: '' }, identities, orders: ', issuers: [github, gitlab]' },
    ],
    [
      'a service that takes id tokens alone',
      {
        issuers: both,
        identities: [
          'issuer: gitlab, match: { project_id: "20" }, roles: [reader]',
          'issuer: other, via: [job_token], match: { project_id: "1" }',
        ],
      },
    ],
    [
      'one that accepts them, and one that does not',
      { issuers: { ...both, other: '' }, identities: [caller('gitlab')] },
    ],
  ])('%s', (_name, parts) => {
    expect(errorsOf(scene(parts))).toEqual([]);
  });
});
