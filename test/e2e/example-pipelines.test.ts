/** Runs pipelines of examples/ with real clients and the configuration next to them, as written except for addresses. */
import { createServer } from 'node:http';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createContainerClients } from '../support/container-clients.ts';
import { startDockerd } from '../support/container-engines.ts';
import { gatehouse, startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { writeImage } from '../support/image.ts';
import { startIssuer } from '../support/issuer.ts';
import { needing, needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { ROOT, readText } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { gatewayTls, type GatewayTls } from '../support/scenario/tls.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

function keep<T extends { close(): unknown }>(started: T): T {
  onTestFinished(async () => void (await started.close()));
  return started;
}

/** The gateway with the configuration of a folder, on free ports; `replace` adapts the addresses of the other servers. */
async function startExample(
  folder: string,
  replace: Readonly<Record<string, string>>,
  { files = {}, server = { more: [] } }: Partial<Pick<GatewayTls, 'files' | 'server'>> = {},
): Promise<GatewayProcess> {
  const { path } = keep(temporaryFolder('example'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  let yaml = readText(`examples/${folder}/gatehouse.yaml`).replace(
    /listen: 127\.0\.0\.1:8080.*/,
    ['listen: 127.0.0.1:0', 'admin: { listen: 127.0.0.1:0 }', ...server.more].join('\n  '),
  );
  for (const [written, actual] of Object.entries(replace)) {
    expect(yaml).toContain(written);
    yaml = yaml.replaceAll(written, actual);
  }
  writeFileSync(join(path, 'gatehouse.yaml'), yaml);
  return keep(await startGatewayProcess(join(path, 'gatehouse.yaml')));
}

/** A script as a runner executes it: one shell that stops at the first failure. */
function bash(script: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  return run('bash', ['-eo', 'pipefail', '-c', script], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...env },
  });
}

const isRoot = process.getuid?.() === 0 ? undefined : 'container engines need root';

needing(isRoot).describe('examples/gitlab-registry', () => {
  needs('docker', 'dockerd', 'docker-registry').test(
    'the job builds and pushes with docker: on main below the project, elsewhere below dev/',
    async () => {
      const [issuer, registry, engine] = await Promise.all([startIssuer(), startRegistry(), startDockerd()]);
      for (const each of [issuer, registry, engine]) keep(each);
      const gateway = await startExample('gitlab-registry', {
        // docker accepts http on loopback only, and the audience stays the one of the job.
        'publicUrl: https://registry.example.com': 'publicUrl: http://registry.example.com',
        'issuer: https://gitlab.example.com': `issuer: ${issuer.url}\n    audiences: [https://registry.example.com]`,
        'http://127.0.0.1:5000': registry.url,
      });
      const project = keep(temporaryFolder('project')).path;
      writeFileSync(join(project, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
      mkdirSync(join(project, 'bin'));
      const docker = `#!/bin/sh\nexec ${findTool('docker')} ${engine.clientArgs.join(' ')} "$@"\n`;
      writeFileSync(join(project, 'bin/docker'), docker, { mode: 0o755 });
      const { image: job } = parse(readText('examples/gitlab-registry/gitlab-ci.yml')) as Record<
        'image',
        GitlabJob
      >;
      const aud = job.id_tokens.GATEHOUSE_TOKEN.aud;
      const local = (text: string): string =>
        text.replaceAll('registry.example.com', `127.0.0.1:${gateway.port}`);
      const runJob = (branch: string, claims: Readonly<Record<string, string>>): Promise<Outcome> =>
        bash(local([...job.before_script, ...job.script, ...job.after_script].join('\n')), project, {
          PATH: `${join(project, 'bin')}:${process.env['PATH']}`,
          GATEHOUSE_TOKEN: issuer.mint({ aud, namespace_id: '7', ...claims }),
          CI_COMMIT_BRANCH: branch,
          CI_COMMIT_SHORT_SHA: 'c0ffee',
          IMAGE: local(job.variables.IMAGE.replace('$CI_PROJECT_PATH', 'acme/payments')),
          CI_PROJECT_PATH: 'acme/payments',
        });
      const stored = async (name: string): Promise<number> =>
        (await fetch(`${registry.url}/v2/${name}/tags/list`)).status;

      const main = await runJob('main', {});
      expect(main).toExitWith(0);
      expect(await stored('acme/payments/api')).toBe(200);
      const branch = await runJob('feature', { ref: 'feature', ref_protected: 'false' });
      expect(branch).toExitWith(0);
      expect(await stored('dev/acme/payments/api')).toBe(200);
      const lying = await runJob('main', { ref: 'feature', ref_protected: 'false' });
      expect(lying).not.toExitWith(0);
      expect(lying.stdout + lying.stderr).toContain('denied');
    },
    60_000,
  );
});

interface GitlabJob {
  readonly id_tokens: { readonly GATEHOUSE_TOKEN: { readonly aud: string } };
  readonly variables: { readonly IMAGE: string };
  readonly before_script: readonly string[];
  readonly script: readonly string[];
  readonly after_script: readonly string[];
}

needs('curl', 'jq').describe('examples/github-npm', () => {
  const { test } = needs();
  test('the workflow gets an ID token, and npm publishes with it', async () => {
    const issuer = keep(await startIssuer({ type: 'github' }));
    const published: string[] = [];
    const feed = keep(
      await startHttpUpstream((req, res) => {
        published.push(`${req.method} ${req.url}`);
        req.resume().on('end', () => res.writeHead(req.method === 'PUT' ? 201 : 404).end('{}'));
      }),
    );
    const claims = { repository_id: '123456789', environment: 'npm', event_name: 'release' };
    /** The token service of a runner: https://docs.github.com/actions, "OpenID Connect reference". */
    const runner = createServer((req, res) => {
      const { searchParams } = new URL(req.url ?? '', 'http://runner');
      const allowed = req.headers.authorization === 'Bearer runner-token';
      res.writeHead(allowed ? 200 : 401);
      res.end(JSON.stringify({ value: issuer.mint({ ...claims, aud: searchParams.get('audience') }) }));
    });
    await new Promise<void>((resolve) => runner.listen(0, '127.0.0.1', resolve));
    keep({ close: () => runner.close() });
    const { port } = runner.address() as { readonly port: number };
    const gateway = await startExample('github-npm', {
      'https://token.actions.githubusercontent.com': issuer.url,
      'http://127.0.0.1:4873/': `${feed.url}/`,
    });
    const project = keep(temporaryFolder('project')).path;
    writeFileSync(join(project, 'package.json'), '{"name":"@acme/ui","version":"1.0.0"}');
    // As actions/setup-node writes it for `registry-url` and `scope`.
    const registry = `//127.0.0.1:${gateway.port}/`;
    const npmrc = `${registry}:_authToken=\${NODE_AUTH_TOKEN}\n@acme:registry=http:${registry}\n`;
    writeFileSync(join(project, '.npmrc'), npmrc);
    const { jobs } = parse(readText('examples/github-npm/publish.yml')) as Workflow;
    const [request = '', publish = ''] = jobs.publish.steps.flatMap(({ run: script }) => script ?? []);

    const environment = join(project, 'environment');
    const requested = await bash(request, project, {
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/?api-version=2.0`,
      GITHUB_ENV: environment,
    });
    expect(requested).toMatchObject({ code: 0, stderr: '' });
    const [, token = ''] = /^NODE_AUTH_TOKEN=(\S+)\n$/.exec(readFileSync(environment, 'utf8')) ?? [];
    expect(requested.stdout).toBe(`::add-mask::${token}\n`);
    const npm = await bash(publish.replace(/ #.*/, ''), project, { NODE_AUTH_TOKEN: token });
    expect(npm, npm.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('+ @acme/ui@1.0.0') });
    expect(published).toContain('PUT /@acme%2fui');

    writeFileSync(join(project, 'package.json'), '{"name":"@acme/server","version":"1.0.0"}');
    const refused = await bash(publish, project, { NODE_AUTH_TOKEN: token });
    expect(refused).not.toExitWith(0);
    expect(refused.stderr).toContain('resource_not_granted');
    expect(published).not.toContain('PUT /@acme%2fserver');
  });
});

interface Workflow {
  readonly jobs: { readonly publish: { readonly steps: readonly { readonly run?: string }[] } };
}

needs('curl', 'docker-registry', 'openssl', 'skopeo').describe('examples/air-gapped', () => {
  const { test } = needs();
  test('the script imports images and files over TLS', async () => {
    const registry = keep(await startRegistry());
    const uploads: string[] = [];
    const files = keep(
      await startHttpUpstream((req, res) => {
        uploads.push(`${req.method} ${req.url}`);
        req.resume().on('end', () => res.writeHead(201).end());
      }),
    );
    const tls = keep(gatewayTls());
    const [, secret = '', hash = ''] =
      /(ghdt_transfer_\w+).*(sha256:\w+)/s.exec(
        (await gatehouse('token', 'create', '--name', 'transfer', '--expires', '2035-06-30')).stdout,
      ) ?? [];
    const [written = ''] = /sha256:\w+/.exec(readText('examples/air-gapped/gatehouse.yaml')) ?? [];
    const gateway = await startExample(
      'air-gapped',
      { [written]: hash, 'http://127.0.0.1:5000': registry.url, 'http://127.0.0.1:8081/': `${files.url}/` },
      tls,
    );
    const clients = keep(createContainerClients(tls.caFile));
    const medium = join(clients.folder, 'medium');
    for (const name of ['images', 'files']) mkdirSync(join(medium, name), { recursive: true });
    writeFileSync(join(medium, 'files/firmware.bin'), 'firmware');
    const archive = `docker-archive:${join(medium, 'images/controller.tar')}:controller:1.0`;
    expect(await clients.skopeo('copy', writeImage(clients.folder, 'controller'), archive)).toMatchObject({
      code: 0,
    });
    const home = join(clients.folder, 'home');
    mkdirSync(join(home, '.config/containers'), { recursive: true });
    const policy = readFileSync(join(clients.folder, 'policy.json'));
    writeFileSync(join(home, '.config/containers/policy.json'), policy);
    writeFileSync(join(home, 'secret'), secret, { mode: 0o600 });

    const outcome = await run('sh', [join(ROOT, 'examples/air-gapped/transfer.sh'), medium], {
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        REGISTRY_AUTH_FILE: join(home, 'auth.json'),
        SSL_CERT_FILE: tls.caFile,
        CURL_CA_BUNDLE: tls.caFile,
        REGISTRY: `127.0.0.1:${gateway.port}`,
        SECRET_FILE: join(home, 'secret'),
      },
    });
    expect(outcome).toExitWith(0);
    expect((await fetch(`${registry.url}/v2/approved/plant/controller/tags/list`)).status).toBe(200);
    expect(uploads).toEqual(['PUT /approved/plant/firmware.bin']);
    expect(readFileSync(join(home, 'auth.json'), 'utf8')).not.toContain('auth"');
  });
});
