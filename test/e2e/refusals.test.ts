/** The text that real clients print for a refusal is the one in docs/reference/refusals.md. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { cargo, needsCargo, writeCrate } from '../support/cargo.ts';
import { crane, needsCrane, needsOras, needsRegctl, oras, regctl } from '../support/oci-clients.ts';
import { gitClient } from '../support/git-client.ts';
import { helmBinary } from '../support/helm.ts';
import { createMaven, DEPLOY_FILE, GET, missingMaven } from '../support/maven.ts';
import { needing, needs } from '../support/needs.ts';
import { npmEnvironment } from '../support/npm-environment.ts';
import { needsPython, python } from '../support/python.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { run } from '../support/run.ts';
import { useRefusedScenario } from '../support/scenario/refused.ts';

const { scenario } = useRefusedScenario('http://gateway.example.com');

const token = (): string => scenario.job.idToken();
const address = (): string => `127.0.0.1:${scenario.gateway.port}`;
const registry = (): string => `localhost:${scenario.gateway.port}`;

function folder(name: string): string {
  const path = join(scenario.folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

needs('curl').describe('curl', () => {
  const { test } = needs();
  const get = (...args: readonly string[]) =>
    run('curl', ['--silent', '--show-error', ...args, `http://${address()}/http/other`]);

  test('prints the body with --fail-with-body', async () => {
    expectDocumented(
      'curl',
      'curl --fail-with-body',
      await get('--fail-with-body', '--oauth2-bearer', token()),
    );
  });

  test('prints the status only with --fail', async () => {
    expectDocumented('curl', 'status only', await get('--fail', '--oauth2-bearer', token()));
  });

  test('a credential that is an unexpanded variable', async () => {
    const refused = await get('--fail-with-body', '--oauth2-bearer', '$GATEHOUSE_TOKEN');
    expectDocumented('curl', 'unexpanded variable', refused);
  });
});

describe('npm', () => {
  needs().test('npm view', async () => {
    const home = folder('npm');
    const registryUrl = `//${address()}/npm/`;
    writeFileSync(
      join(home, '.npmrc'),
      `registry=http:${registryUrl}\n${registryUrl}:_authToken=${token()}\n`,
    );
    const env = npmEnvironment(home);
    expectDocumented('npm', 'npm view', await run('npm', ['view', 'other'], { cwd: home, env }));
    writeFileSync(join(home, 'package.json'), '{"name":"other","version":"1.0.0"}');
    expectDocumented('npm', 'npm publish', await run('npm', ['publish'], { cwd: home, env }));
  });
});

needsPython.describe('pip and uv', () => {
  const { test } = needsPython;
  const index = (): string => `http://ci:${token()}@${address()}/pypi/simple/`;

  test('pip', async () => {
    const args = ['download', '--no-cache-dir', '--disable-pip-version-check', '--index-url', index()];
    expectDocumented('pip', 'pip', await python('pip', [...args, 'other'], { home: folder('pip') }));
    const verbose = await python('pip', [...args, '-vv', 'other'], { home: folder('pip') });
    expectDocumented('pip', 'pip -vv', verbose);
  });

  test('uv', async () => {
    const home = folder('uv');
    const args = ['pip', 'compile', '--no-cache', '--default-index', index(), 'requirements.in'];
    writeFileSync(join(home, 'requirements.in'), 'other\n');
    expectDocumented('uv', 'uv pip', await python('uv', args, { home }));
  });
});

needs('git').describe('git', () => {
  const { test } = needs();

  test('clone and push', async () => {
    const git = gitClient(folder('git'));
    const url = (path: string): string => `http://ci:${token()}@${address()}/git/${path}`;
    expectDocumented('git', 'git clone', await git.run(['clone', url('acme/other.git')]));
    await git.ok(['init', '--quiet', '--initial-branch=main', 'work']);
    await git.ok(['commit', '--quiet', '--allow-empty', '-m', 'empty'], { in: 'work' });
    expectDocumented(
      'git',
      'git push',
      await git.run(['push', url('acme/mine.git'), 'main'], { in: 'work' }),
    );
  });
});

describe('helm', () => {
  needs().test(
    'pull of a classic chart and of an OCI chart',
    async () => {
      const home = folder('helm');
      const env = { PATH: process.env['PATH'], HOME: home };
      const helm = async (...args: readonly string[]) => run(await helmBinary(), args, { cwd: home, env });
      const login = ['--username', 'ci', '--password', token()];
      const classic = await helm('pull', `http://${address()}/helm/charts/other-1.0.0.tgz`, ...login);
      expectDocumented('helm', 'helm pull', classic);
      const oci = ['pull', `oci://${registry()}/acme/other`, '--version', '1.0.0', '--plain-http'];
      expectDocumented('helm', 'helm pull oci://', await helm(...oci, ...login));
    },
    60_000,
  );
});

needing(missingMaven()).test(
  'mvn',
  async () => {
    const home = folder('maven');
    const url = `http://${address()}/maven/`;
    const maven = createMaven(home, url);
    const credential = { username: 'ci', secret: token() };
    const got = await maven.run(credential, GET, '-Dartifact=org.other:a:1.0', '-Dtransitive=false');
    expectDocumented('Maven', 'mvn dependency:get', got);
    writeFileSync(join(home, 'a.jar'), 'not a Java archive');
    const deployed = await maven.run(
      credential,
      DEPLOY_FILE,
      `-Durl=${url}`,
      '-DrepositoryId=gatehouse',
      `-Dfile=${join(home, 'a.jar')}`,
      '-DgroupId=com.acme',
      '-DartifactId=a',
      '-Dversion=1.0',
    );
    expectDocumented('Maven', 'mvn deploy', deployed);
  },
  120_000,
);

needsCargo.test(
  'cargo',
  async () => {
    const place = folder('cargo');
    writeCrate(place, 'app', 'other');
    const as = { host: address(), token: token() };
    expectDocumented('cargo', 'cargo check', await cargo(place, as, 'check'));
    const yank = ['yank', '--registry', 'acme', '--version', '1.0.0', 'other'];
    expectDocumented('cargo', 'cargo yank', await cargo(place, as, ...yank));
  },
  60_000,
);

needsCrane.test('crane', async () => {
  const home = folder('crane');
  const image = `${registry()}/acme/other:1`;
  const login = (secret: string) =>
    crane(home, 'auth', 'login', '--insecure', registry(), '-u', 'ci', '-p', secret);
  await login(token());
  expectDocumented('crane', 'crane manifest', await crane(home, 'manifest', '--insecure', image));
  writeFileSync(join(home, 'layer.tar'), Buffer.alloc(1024));
  const push = ['append', '--insecure', '-f', 'layer.tar', '-t', `${registry()}/acme/mine:1`];
  expectDocumented('crane', 'crane append', await crane(home, ...push));
});

needsOras.test('oras', async () => {
  const home = folder('oras');
  const run = (...args: readonly string[]) => oras(home, ...args, '--plain-http');
  await run('login', registry(), '-u', 'ci', '-p', token());
  expectDocumented('oras', 'oras pull', await run('pull', `${registry()}/acme/other:1`));
  writeFileSync(join(home, 'model'), '');
  expectDocumented('oras', 'oras push', await run('push', `${registry()}/acme/mine:1`, 'model'));
});

needsRegctl.test('regctl', async () => {
  const home = folder('regctl');
  const run = (...args: readonly string[]) =>
    regctl(home, ...args, '--host', `reg=${registry()},tls=disabled`);
  await run('registry', 'login', registry(), '-u', 'ci', '-p', token());
  expectDocumented(
    'regctl',
    'regctl manifest get',
    await run('manifest', 'get', `${registry()}/acme/other:1`),
  );
  writeFileSync(join(home, 'sbom'), '');
  const push = await run('artifact', 'put', '-f', 'sbom', `${registry()}/acme/mine:1`);
  expectDocumented('regctl', 'regctl artifact put', push);
});
