/** `gem push` sends its key as `Authorization` without a scheme, to a service of type `http`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { run, type Outcome } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';
import { findTool } from '../support/tools.ts';

const OPERATIONS = 'operations: [{ scope: push, methods: [POST], paths: [/api/v1/gems] }]';

needs('gem').describe('gem push', () => {
  const { test } = needs();
  let folder: string;
  const scenario = useScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: gems, scopes: [push], resources: ["/api/v1/gems"] }
      - { service: api, scopes: [push], resources: ["/**"] }
services:
  gems:
    type: http
    path: /gems/
    credentialSources: [raw-authorization, bearer]
    ${OPERATIONS}
    upstream: { url: "${upstream.url}/", auth: { header: { name: Authorization, value: canary-gem-key } } }
  api: { type: http, path: /api/, ${OPERATIONS}, upstream: { url: "${upstream.url}/" } }
`,
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-gem-'));
    writeFileSync(
      join(folder, 'acme.gemspec'),
      `Gem::Specification.new { |s| s.name = 'acme'; s.version = '1.0.0'; s.summary = 'test'; s.authors = ['Acme']; s.files = [] }\n`,
    );
    const built = await gem(undefined, 'build', 'acme.gemspec');
    expect(built).toExitWith(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function gem(key: string | undefined, ...args: readonly string[]): Promise<Outcome> {
    const env = { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8' };
    return run(findTool('gem') ?? 'gem', args, {
      cwd: folder,
      env: key === undefined ? env : { ...env, GEM_HOST_API_KEY: key },
    });
  }

  const push = (key: string, service: string): Promise<Outcome> =>
    gem(key, 'push', 'acme-1.0.0.gem', '--host', `${scenario.gateway.url}/${service}`);

  test('is authorized by its key, which the upstream does not receive', async () => {
    const key = scenario.issuer.mint({ project_id: '20' });
    const pushed = await push(key, 'gems');
    expect(pushed).toExitWith(0);
    const [request] = scenario.upstream.requests();
    expect(request?.requestLine).toBe('POST /api/v1/gems HTTP/1.1');
    expect(request?.headers.get('authorization')).toEqual(['canary-gem-key']);
    expect(scenario.upstream.bytes()).not.toContain(key);
    const event = (await scenario.gateway.audit()).at(-1);
    expect(event).toMatchObject({
      event: { reason: 'granted' },
      gatehouse: { credential: 'id_token', credential_source: 'raw-authorization' },
    });
    expect(JSON.stringify(event)).not.toContain(key);
  });

  test('shows the refusal of another project, and of a service without this source', async () => {
    scenario.upstream.reset();
    const denied = await push(scenario.issuer.mint({ project_id: '21' }), 'gems');
    expect(denied).not.toExitWith(0);
    expect(denied.stdout + denied.stderr).toContain('no_matching_identity');
    const unsupported = await push(scenario.issuer.mint({ project_id: '20' }), 'api');
    expect(unsupported).not.toExitWith(0);
    expect(unsupported.stdout + unsupported.stderr).toContain('credential_malformed');
    expect(scenario.upstream.requests()).toEqual([]);
  });
});
