/** threats.md K10: policies that accept more than they appear to. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { gatehouse } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { ROOT, readText } from '../support/repository.ts';
import type { Outcome } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';
import { configuration, errorsOf, warningsOf, writeFiles } from '../unit/config/loading.ts';

const TENANT = '00000000-1111-2222-3333-444444444444';
const ISSUERS = `{
  gitlab: { type: gitlab, issuer: https://gitlab.example.com },
  github: { type: github, issuer: https://token.actions.githubusercontent.com },
  entra: { type: entra, issuer: "https://login.microsoftonline.com/${TENANT}/v2.0" },
  cluster: { type: kubernetes, issuer: https://kubernetes.example.com },
  idp: { type: oidc, issuer: https://idp.example.com } }`;

const policy = (issuer: string, match: string, via = '[id_token]'): string =>
  configuration({
    issuers: ISSUERS,
    identities: `{ someone: { issuer: ${issuer}, via: ${via}, roles: [reader], match: { ${match} } } }`,
  });

const at = (key: string, message: RegExp): unknown =>
  expect.stringMatching(
    new RegExp(`^\\d+:\\d+ identities\\.someone\\.match(\\.${key}|\\["/${key}"\\]): ${message.source}`),
  );

describe('K10 GitHub: events that anyone can cause', () => {
  const BOTH = /accepts pull_request_target and workflow_run, .*; list the accepted events with equals or in/;
  test.each([
    ['event_name: { notIn: [schedule] }', BOTH],
    ['"/event_name": { notIn: [schedule] }', BOTH],
    ['event_name: { notIn: [pull_request_target] }', /accepts workflow_run, /],
    ['event_name: { glob: "**" }', BOTH],
    ['event_name: { glob: "pull_request*" }', /accepts pull_request_target, /],
    ['event_name: { glob: [push, "work*"] }', /accepts workflow_run, /],
    ['event_name: { glob: "**", notIn: [workflow_run] }', /accepts pull_request_target, /],
    ['event_name: { glob: "p*" }, "/event_name": { notIn: [x] }', /accepts pull_request_target, /],
  ])('%s is an error', (match, message) => {
    expect(errorsOf(policy('github', `repository_id: 1, ${match}`))).toEqual([at('event_name', message)]);
  });

  test.each([
    'event_name: push',
    'event_name: pull_request_target',
    'event_name: { in: [push, workflow_run] }',
    '"/event_name": workflow_run',
    'event_name: { in: [push, workflow_run], notIn: [x] }',
    'event_name: { notIn: [pull_request_target, workflow_run] }',
    'event_name: { glob: ["pu*h", workflow_dispatch] }',
    'ref: refs/heads/main',
    'environment: production',
  ])('%s is accepted', (match) => {
    expect(errorsOf(policy('github', `repository_id: 1, ${match}`))).toEqual([]);
    expect(warningsOf(policy('github', `repository_id: 1, ${match}`))).toEqual([]);
  });

  test('another type of issuer has its own claims', () => {
    expect(errorsOf(policy('idp', 'event_name: { glob: "**" }'))).toEqual([]);
  });
});

describe('K10 GitLab: jobs of other projects', () => {
  test.each(['{ notIn: ["9"] }', '{ glob: "*" }', '{ glob: "2*", notIn: ["21"] }'])('%s', (condition) => {
    expect(errorsOf(policy('gitlab', `project_id: 20, job_project_id: ${condition}`))).toEqual([
      at('job_project_id', /accepts jobs of every project .*; list the accepted projects with equals or in/),
    ]);
  });

  test.each(['job_project_id: 20', 'job_project_id: { in: ["20", "21"] }'])('%s is accepted', (match) => {
    expect(errorsOf(policy('gitlab', `project_id: 20, ${match}`))).toEqual([]);
  });
});

describe('K10 GitLab: a tag with the name of a branch', () => {
  const ALIKE = /matches both a branch and a tag of this name; add ref_type: branch .*ref_protected/;
  test.each([
    'ref: main',
    '"/ref": main',
    'ref: { in: [main, develop] }',
    'ref: { glob: "release/*" }',
    'ref: main, ref_protected: true',
    'ref: main, ref_type: { glob: "*" }',
    'ref: main, ref_path: { glob: "**" }',
  ])('%s is a warning', (match) => {
    for (const via of ['[id_token]', '[job_token]']) {
      const warnings = warningsOf(policy('gitlab', `project_id: 20, ${match}`, via));
      expect(warnings).toContainEqual(at('ref', ALIKE));
    }
  });

  test.each([
    'ref: main, ref_type: branch',
    'ref: "v1", ref_type: tag',
    'ref: main, "/ref_type": { in: [branch] }',
    'ref: main, ref_type: { in: [branch, tag] }',
    'ref: main, ref_type: { notIn: [tag] }',
    'ref: main, ref_type: branch, ref_protected: true',
    'ref: { glob: "release/*" }, ref_path: { glob: "refs/heads/**" }',
    'ref: { glob: "**" }',
    'ref: { notIn: [main] }',
    'ref_path: refs/heads/main',
    'ref_protected: true',
  ])('%s is not', (match) => {
    expect(warningsOf(policy('gitlab', `project_id: 20, ${match}`))).toEqual([]);
  });

  test.each(['cluster', 'idp'])('%s knows no such claim', (issuer) => {
    const warnings = warningsOf(policy(issuer, 'ref: main'));
    expect(warnings.filter((text) => !text.includes('is not a documented claim'))).toEqual([]);
  });
});

describe('K10 GitLab: an environment that any job can declare', () => {
  test.each([
    ['environment', 'environment: production'],
    ['environment', '"/environment": { in: [production, staging] }'],
    ['environment', 'environment: { glob: "prod*" }, environment_protected: { glob: "*" }'],
    ['deployment_tier', 'deployment_tier: production'],
  ])('%s: %s is a warning', (claim, match) => {
    expect(warningsOf(policy('gitlab', `project_id: 20, ${match}`))).toEqual([
      at(claim, /can be declared by any job of the project .*add environment_protected: true/),
    ]);
  });

  test.each([
    'environment: production, environment_protected: true',
    'deployment_tier: production, "/environment_protected": "true"',
    'environment: production, environment_protected: { in: ["true", "false"] }',
  ])('%s is not', (match) => {
    expect(warningsOf(policy('gitlab', `project_id: 20, ${match}`))).toEqual([]);
  });
});

describe('K10 Entra: tokens of users', () => {
  test.each([
    ['azp', 'azp: a'],
    ['appid', 'appid: { in: [a, b] }'],
    ['roles', 'roles: { contains: Reader }'],
    ['roles', '"/roles": { contains: Reader }, idtyp: { notIn: [user] }'],
    ['azp', 'azp: a, roles: { contains: Reader }, tid: b'],
  ])('%s: %s is a warning', (claim, match) => {
    expect(warningsOf(policy('entra', match))).toEqual([
      at(
        claim,
        /also matches delegated tokens, which an application obtains for a signed-in user; add idtyp: app/,
      ),
    ]);
  });

  test.each([
    'azp: a, idtyp: app',
    'roles: { contains: Reader }, "/idtyp": app',
    'oid: a',
    'oid: a, roles: { contains: Reader }',
    'azp: a, sub: b',
    'azp: a, idtyp: { in: [app, user] }',
  ])('%s is not', (match) => {
    expect(warningsOf(policy('entra', match))).toEqual([]);
  });
});

describe('K10 public issuers under another type', () => {
  test.each([
    ['https://token.actions.githubusercontent.com', 'oidc', 'github'],
    ['https://token.actions.githubusercontent.com/acme', 'oidc', 'github'],
    ['https://TOKEN.actions.githubusercontent.com', 'kubernetes', 'github'],
    ['https://token.actions.acme.ghe.com', 'oidc', 'github'],
    ['https://github.example.com/_services/token', 'oidc', 'github'],
    ['https://gitlab.com', 'oidc', 'gitlab'],
    ['https://gitlab.com', 'github', 'gitlab'],
    [`https://login.microsoftonline.com/${TENANT}/v2.0`, 'oidc', 'entra'],
    [`https://sts.windows.net/${TENANT}/`, 'oidc', 'entra'],
    ['https://accounts.google.com', 'oidc', 'google'],
    ['https://agent.buildkite.com', 'oidc', 'buildkite'],
    [`https://oidc.circleci.com/org/${TENANT}`, 'oidc', 'circleci'],
    ['https://app.terraform.io', 'oidc', 'hcp-terraform'],
    [`https://${TENANT}.tokens.sts.global.api.aws`, 'oidc', 'aws'],
    [`https://vstoken.dev.azure.com/${TENANT}`, 'oidc', 'azure-devops'],
    ['https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc', 'oidc', 'bitbucket'],
  ])('%s as %s', (issuer, type, known) => {
    const errors = errorsOf(
      configuration({ issuers: `{ x: { type: ${type}, issuer: "${issuer}" } }`, identities: '{}' }),
    );
    expect(errors).toEqual([
      expect.stringMatching(
        new RegExp(`^\\d+:\\d+ issuers\\.x\\.type: is ${type}, .*; write type: ${known}$`),
      ),
    ]);
  });

  test.each([
    'https://gitlab.com.example.com',
    'https://gitlab.company.com',
    'https://accounts.google.example.com',
    'https://token.actions.example.com',
    'https://idp.example.com/x/_services/token',
  ])('%s may be one', (issuer) => {
    expect(errorsOf(configuration({ issuers: `{ gitlab: { type: oidc, issuer: "${issuer}" } }` }))).toEqual(
      [],
    );
  });
});

describe('K10 through the command line', () => {
  async function check(yaml: string): Promise<Outcome & { file: string }> {
    const file = join(writeFiles({ 'gatehouse.yaml': yaml }), 'gatehouse.yaml');
    return { ...(await gatehouse('check', '--config', file)), file };
  }

  test('an event that anyone can cause: exit 1, with place and remedy', async () => {
    const { code, stdout, stderr, file } = await check(`version: 1
server: { publicUrl: https://gateway.example.com }
issuers:
  github: { type: github, issuer: https://token.actions.githubusercontent.com }
identities:
  release:
    issuer: github
    match:
      repository_id: '1'
      event_name: { notIn: [schedule] }
`);
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain(
      `error: ${file}:10:7: identities.release.match.event_name: accepts pull_request_target and workflow_run`,
    );
    expect(stdout).toContain('list the accepted events with equals or in, such as { in: [push] }');
  });

  test('a warning: exit 0', async () => {
    const { code, stdout, stderr, file } = await check(policy('gitlab', 'project_id: 20, ref: main'));
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toMatch(/^warning: .*: identities\.someone\.match\.ref: matches both a branch and a tag/m);
    expect(stdout).toContain(file);
  });

  test('a public issuer as oidc: exit 1', async () => {
    const { code, stdout, stderr } = await check(
      configuration({ issuers: '{ gitlab: { type: oidc, issuer: https://gitlab.com } }' }),
    );
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain('issuers.gitlab.type: is oidc, but this is an issuer of type gitlab');
  });
});

describe('K10 GitHub tokens at a running gateway', () => {
  const scenario = useScenario({
    backends: { issuer: () => startIssuer({ type: 'github' }), upstream: () => startRecordingUpstream() },
    config: ({ issuer, upstream }) => `
issuers: { github: { type: github, issuer: "${issuer.url}" } }
identities:
  any: { issuer: github, match: { repository_id: "20" }, roles: [reader] }
  glob: { issuer: github, match: { repository_id: "21", event_name: { glob: "pu*h" } }, roles: [reader] }
  excluding:
    issuer: github
    match: { repository_id: "22", event_name: { notIn: [pull_request_target, workflow_run] } }
    roles: [reader]
  naming: { issuer: github, match: { repository_id: "23", event_name: { in: [push, workflow_run] } }, roles: [reader] }
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
workloadIdentities:
  shorthand@example.com: { platform: github, projectId: "24", branches: [main], roles: [reader] }
services: { api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } } }
`,
  });
  beforeEach(() => scenario.upstream.reset());

  async function ask(repository: string, event: unknown): Promise<number> {
    const token = scenario.issuer.mint({ repository_id: repository, event_name: event });
    const { status } = await scenario.respond('GET /api/x', [`Authorization: Bearer ${token}`]);
    if (status !== 200) expect(scenario.upstream.bytes()).toBe('');
    return status;
  }

  async function exchange(event: unknown): Promise<number> {
    const token = scenario.issuer.mint({ repository_id: '24', event_name: event });
    const { status } = await fetch(`${scenario.gateway.url}/v1/auth:exchangeToken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, email: 'shorthand@example.com' }),
    });
    return status;
  }

  const NONE = [undefined, null, '', ['push'], [], { name: 'push' }];

  test.each(NONE)('a token with event_name %j matches no identity', async (event) => {
    for (const repository of ['20', '21', '22', '23']) expect(await ask(repository, event)).toBe(403);
    expect(await exchange(event)).toBe(401);
  });

  test.each(['pull_request_target', 'workflow_run'])('%s matches only where it is named', async (event) => {
    for (const repository of ['20', '21', '22']) expect(await ask(repository, event)).toBe(403);
    expect(await ask('23', event)).toBe(event === 'workflow_run' ? 200 : 403);
    expect(await exchange(event)).toBe(401);
  });

  test('push matches them all', async () => {
    for (const repository of ['20', '21', '22', '23']) expect(await ask(repository, 'push')).toBe(200);
    expect(await exchange('push')).toBe(200);
  });
});

describe('K10 the examples of this repository', () => {
  type Section = Readonly<Record<string, { readonly issuer?: string; readonly match?: object }>>;
  type Block = {
    readonly issuers?: object;
    readonly identities?: Section;
    readonly workloadIdentities?: object;
  };

  /** Every YAML example that a reader may copy, by the page that contains it. */
  function examples(): readonly (readonly [string, string])[] {
    const pages = [
      'README.md',
      ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
    ];
    const blocks = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) =>
        [...readText(page).matchAll(/^```ya?ml[^\n]*\n(.*?)^```/gms)].map(
          ([, text = '']) => [page, text] as const,
        ),
      );
    const files = readdirSync(join(ROOT, 'config'))
      .filter((name) => /(?<![.]test)[.]yaml$/.test(name))
      .map((name) => [`config/${name}`, readText(`config/${name}`)] as const);
    const values = readdirSync(join(ROOT, 'helm/gatehouse/ci')).flatMap((name) => {
      const page = `helm/gatehouse/ci/${name}`;
      const { config, configFiles = {} } = parse(readText(page)) as {
        config?: object;
        configFiles?: Record<string, string>;
      };
      return [JSON.stringify(config ?? {}), ...Object.values(configFiles)].map(
        (text) => [page, text] as const,
      );
    });
    return [...blocks, ...files, ...values];
  }

  const blockOf = (text: string): Block => {
    const parsed = parse(text, { logLevel: 'silent' }) as unknown;
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  };

  /** Problems of the identities and issuers of a block, possibly a partial configuration. */
  function complaints({ issuers, identities = {}, workloadIdentities = {} }: Block): string[] {
    const known = parse(ISSUERS) as object;
    const whole = { version: 1, issuers: { ...known, ...issuers }, identities, workloadIdentities };
    const file = JSON.stringify({ ...whole, server: { publicUrl: 'https://gateway.example.com' } });
    return [...errorsOf(file), ...warningsOf(file)].filter((problem) =>
      /list the accepted|and a tag of this name|be declared by any job of the project|for a signed-in user|write type: /.test(
        problem,
      ),
    );
  }

  const shown = examples();

  test('have no weak identity', () => {
    expect(
      shown.flatMap(([page, text]) => complaints(blockOf(text)).map((problem) => `${page}: ${problem}`)),
    ).toEqual([]);
  });

  test('are found', () => {
    const pages = shown.flatMap(([page, text]) =>
      Object.keys(blockOf(text).identities ?? {}).map(() => page),
    );
    expect(pages).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/guides/entra-to-gitlab.md',
        'docs/concepts/credentials.md',
        'config/entra.yaml',
        'helm/gatehouse/ci/config-files-values.yaml',
      ]),
    );
    const [, readme = ''] = shown.find(([page]) => page === 'README.md') ?? [];
    expect(complaints(blockOf(readme.replace('ref_type: branch, ', '')))).toHaveLength(1);
  });
});
