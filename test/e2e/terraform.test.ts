/** Terraform with modules, providers, a network mirror and its state behind a service of type `terraform`. */
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { snippet } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import type { Outcome } from '../support/run.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { gatewayTls, type GatewayTls } from '../support/scenario/tls.ts';
import { needsTerraform, terraform } from '../support/terraform.ts';
import { startTerraformRegistry, UPSTREAM } from '../support/terraform-registry.ts';

const DEPLOY_SECRET = `ghdt_edge_${'7'.repeat(64)}`;

const APPLY = ['apply', '-auto-approve', '-no-color'] as const;

needsTerraform.describe('terraform', () => {
  let tls: GatewayTls;
  const scenario = useJobScenario({
    backends: () => ({ registry: () => startTerraformRegistry() }),
    tls: () => (tls = gatewayTls()),
    config: ({ gitlab, registry }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: { cache: 300ms } }
identities:
  infra:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: terraform, scopes: [read_package_registry], resources: ["modules/acme/**", "providers/*/acme/*", "states/acme/**"] }
      - { service: terraform, scopes: [write_package_registry], resources: ["states/acme/**"] }
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', DEPLOY_SECRET)}"
    grants:
      - { service: terraform, scopes: [read_package_registry], resources: ["modules/acme/*/*", "providers/*/acme/*", "states/acme/*"] }
services:
  terraform:
    type: terraform
    hosts: ["127.0.0.1"]
    path: /terraform/
    upstream:
      url: "${registry.url}/"
      auth: { basic: { username: gatehouse, password: canary-terraform } }
`,
  });
  let address = '';
  beforeAll(() => {
    address = `127.0.0.1:${scenario.gateway.port}`;
  });
  let runs = 0;
  /** Everything that Terraform printed. */
  const seen: string[] = [];

  /** Runs `init`, and then the command, in a new folder with this configuration. */
  async function run(
    token: string | undefined,
    configuration: string,
    options: { readonly mirror?: boolean; readonly env?: Readonly<Record<string, string>> } = {},
    ...args: readonly string[]
  ): Promise<Outcome> {
    runs += 1;
    const work = join(scenario.folder, `run-${runs}`);
    mkdirSync(work);
    writeFileSync(join(work, 'main.tf'), configuration);
    const login =
      token === undefined ? '' : documented('Registries', 'cli.tfrc').replace('GATEHOUSE_TOKEN', token);
    const mirror = options.mirror === true ? documented('Registries', 'mirror.tfrc') : '';
    writeFileSync(join(work, 'cli.tfrc'), login + mirror);
    const env = {
      TF_CLI_CONFIG_FILE: join(work, 'cli.tfrc'),
      SSL_CERT_FILE: tls.caFile,
      CHECKPOINT_DISABLE: '1',
      ...options.env,
    };
    const initialized = await terraform(work, env, 'init', '-no-color');
    const last =
      initialized.code !== 0 || args.length === 0 ? initialized : await terraform(work, env, ...args);
    seen.push(initialized.stdout, initialized.stderr, last.stdout, last.stderr);
    return last;
  }

  const output = ({ stdout, stderr }: Outcome): string =>
    (stdout + stderr).replaceAll(/\s*\n[│╷╵ ]*\s*/g, ' ');
  /** A block of the guide, with the address of this gateway. */
  const documented = (heading: string, name: string): string =>
    snippet('docs/guides/terraform.md', heading, name).replaceAll('terraform.example.com', address);
  const module = (name: string): string =>
    documented('Registries', 'module.tf').replace('acme/vpc/aws', name);
  const provider = (source: string): string =>
    documented('Registries', 'provider.tf').replace(`${address}/acme/null`, source);

  type Lock = { readonly lock: 'LOCK' | 'POST' };

  /** Runs a command with this state. `POST`: the lock addresses of GitLab and Gitea. */
  function runState(
    { username, password }: { readonly username: string; readonly password: string },
    state: string,
    ...[first, ...others]: readonly [Lock | string, ...string[]]
  ): Promise<Outcome> {
    const posts = typeof first === 'object' && first.lock === 'POST';
    const backend = documented('State', 'backend.tf').replaceAll('acme/prod', state);
    const locking = backend
      .replaceAll(/(lock_address +=.*)"/g, '$1/lock"')
      .replace('  }', '    lock_method = "POST"\n    unlock_method = "DELETE"\n  }');
    const configuration = `${posts ? locking : backend}output "answer" { value = 42 }\n`;
    const env = { TF_HTTP_USERNAME: username, TF_HTTP_PASSWORD: password };
    return run(undefined, configuration, { env }, ...(typeof first === 'string' ? [first] : []), ...others);
  }

  const credentials = (): Readonly<Record<string, string>> => ({
    'an ID token': scenario.job.idToken(),
    'a job token': scenario.job.token,
    'a deploy token': DEPLOY_SECRET,
  });

  test('modules are downloaded with every kind of credential', async () => {
    for (const [kind, token] of Object.entries(credentials())) {
      for (const name of ['acme/vpc/aws', 'acme/net/aws']) {
        const outcome = await run(token, module(name));
        expect(outcome, kind).toExitWith(0);
      }
    }
    const lines = scenario.registry.requests.map(({ line }) => line);
    expect(lines).toContain(`GET /modules/v1/acme/vpc/aws/1.0.0/file?token=${UPSTREAM.urlToken}&archive=tgz`);
    expect(lines).toContain('GET /storage/net.tar.gz');
  }, 240_000);

  test('a credential of netrc does not replace the ticket', async () => {
    const file = join(scenario.folder, 'netrc');
    writeFileSync(file, `machine ${address} login ci password canary-netrc\n`, { mode: 0o600 });
    const outcome = await run(DEPLOY_SECRET, module('acme/vpc/aws'), { env: { NETRC: file } });
    expect(outcome).toExitWith(0);
    const events = await scenario.gateway.audit();
    const downloads = events.filter(({ gatehouse }) => gatehouse['credential_source'] === 'ticket');
    expect(new Set(downloads.map(({ event }) => event.reason))).toEqual(new Set(['granted']));
  }, 240_000);

  test('a provider is installed from its registry, with its signature, with every kind of credential', async () => {
    for (const [kind, token] of Object.entries(credentials())) {
      const outcome = await run(token, provider(`${address}/acme/null`));
      expect(outcome, kind).toExitWith(0);
      expect(output(outcome)).toContain('self-signed');
    }
  }, 240_000);

  test('a provider is installed from the network mirror with every kind of credential', async () => {
    for (const [kind, token] of Object.entries(credentials())) {
      const outcome = await run(token, provider('registry.example.com/acme/null'), { mirror: true });
      expect(outcome, kind).toExitWith(0);
    }
  }, 240_000);

  test('a refused request shows the reason where Terraform shows one', async () => {
    const token = scenario.job.idToken();
    const anonymous = await run(undefined, module('acme/vpc/aws'));
    expect(anonymous).not.toExitWith(0);
    expect(output(anonymous)).toContain('no_credential');
    const denied = await run(token, module('other/vpc/aws'));
    expect(denied).not.toExitWith(0);
    expectDocumented('Terraform', 'terraform init', denied);
    // The provider installer prints a fixed text; the audit log contains the reason.
    for (const [source, options] of [
      [`${address}/other/null`, {}],
      ['registry.example.com/other/null', { mirror: true }],
    ] as const) {
      const refused = await run(token, provider(source), options);
      expect(refused).not.toExitWith(0);
      expect((await scenario.gateway.audit()).at(-1)?.event.reason).toBe('resource_not_granted');
    }
  }, 240_000);

  test('the state is locked, written and unlocked, and read with every kind of credential', async () => {
    const infra = { username: 'oidc', password: scenario.job.idToken() };
    const applied = await runState(infra, 'acme/prod', ...APPLY);
    expect(applied).toExitWith(0);
    expect(scenario.registry.states.get('acme/prod')).toContain('"answer"');
    expect(scenario.registry.locks.size).toBe(0);
    for (const login of [
      infra,
      { username: 'gitlab-ci-token', password: scenario.job.token },
      { username: 'edge', password: DEPLOY_SECRET },
    ]) {
      const read = await runState(login, 'acme/prod', 'output', '-no-color');
      expect(read).toExitWith(0);
      expect(read.stdout).toContain('answer = 42');
    }
  }, 240_000);

  test('a reader cannot lock, the holder of a lock is shown, and a foreign state is refused', async () => {
    const edge = { username: 'edge', password: DEPLOY_SECRET };
    const infra = { username: 'oidc', password: scenario.job.idToken() };
    const refused = await runState(edge, 'acme/prod', ...APPLY);
    expect(refused).not.toExitWith(0);
    expect(scenario.registry.locks.size).toBe(0);
    await eventually('the audit event of the refused lock', () =>
      scenario.gateway.auditText().includes('"reason":"scope_not_granted"'),
    );
    scenario.registry.locks.set('acme/held', '{"ID":"lock-1","Who":"ana@laptop","Operation":"Apply"}');
    for (const lock of ['LOCK', 'POST'] as const) {
      const held = await runState(infra, 'acme/held', { lock }, ...APPLY);
      expect(held).not.toExitWith(0);
      expect(output(held)).toContain('ana@laptop');
    }
    const foreign = await runState(infra, 'other/prod', ...APPLY);
    expect(foreign).not.toExitWith(0);
    expect(scenario.registry.states.has('other/prod')).toBe(false);
  }, 240_000);

  test('no credential of a client reaches the registry, and none of the registry reaches a client', async () => {
    expect(scenario.registry.requests.length).toBeGreaterThan(20);
    const received = JSON.stringify(scenario.registry.requests);
    for (const secret of [scenario.job.token, DEPLOY_SECRET, 'eyJ', 'download_token', 'netrc'])
      expect(received).not.toContain(secret);
    expect(scenario.registry.requests.filter(({ headers }) => headers['x-request-id'] === undefined)).toEqual(
      [],
    );
    const recorded = JSON.stringify(await scenario.gateway.audit());
    for (const secret of ['canary', 'download_token', 'eyJ']) expect(recorded).not.toContain(secret);
    expect(seen.join('')).not.toContain('canary');
    expect(seen.join('')).not.toContain(scenario.registry.url);
  });
});
