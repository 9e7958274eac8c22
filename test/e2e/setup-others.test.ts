/** Further clients with the configuration that `ci-templates/setup.sh` writes, against servers behind the gateway. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { needsCargo, startCrateRegistry, writeCrate } from '../support/cargo.ts';
import { startChartRepository } from '../support/chart-repository.ts';
import { startFileTree } from '../support/file-tree.ts';
import { writeModules } from '../support/go-modules.ts';
import { startGitServer } from '../support/git-server.ts';
import { helmBinary } from '../support/helm.ts';
import { DEPLOY_FILE, GET, missingMaven } from '../support/maven.ts';
import { needing, needs } from '../support/needs.ts';
import { startPackageTree } from '../support/package-tree.ts';
import { createNuget, missingNuget } from '../support/nuget.ts';
import { startNuget } from '../support/nuget-server.ts';
import { ROOT } from '../support/repository.ts';
import type { Backends } from '../support/scenario.ts';
import { startFeed } from '../support/scenario/feed.ts';
import { useJobScenario, type JobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';
import { startScenarioJob, startSetupJob } from '../support/setup-script.ts';
import { needsTerraform, terraform } from '../support/terraform.ts';
import { startTerraformRegistry } from '../support/terraform-registry.ts';
import { gatewayTls, type GatewayTls } from '../support/scenario/tls.ts';
import { findTool } from '../support/tools.ts';

/** For clients that need half a minute on a loaded machine. */
const SLOW = 180_000;

/** A scenario with one service, to which jobs have read and write access. */
function useService<B extends Backends>(
  service: { readonly type: string; readonly resource: string },
  backends: () => { readonly [Name in keyof B]: () => Promise<B[Name]> },
  upstream: (backends: B) => string,
): JobScenario<B> {
  const { type, resource } = service;
  return useJobScenario<B>({
    backends,
    config: (all) =>
      packagesConfig(all.gitlab.url, [{ type, resources: [resource], upstream: upstream(all) }]),
  });
}

needing(missingMaven()).describe('Maven', () => {
  const { test } = needs('busybox', 'curl', 'dash', 'gradle');
  const scenario = useService(
    { type: 'maven', resource: 'com/acme/**' },
    () => ({ repository: startPackageTree }),
    ({ repository }) => basicUpstream(repository),
  );

  test(
    'mvn deploys and fetches, Gradle fetches',
    async () => {
      const created = startScenarioJob(scenario, 'busybox', { MAVEN_OPTS: '-XX:TieredStopAtLevel=1' });
      writeFileSync(join(created.project, 'app.jar'), 'no jar');
      writeFileSync(
        join(created.project, 'build.gradle'),
        `repositories { maven { url mavenUrl; credentials { username mavenUsername; password mavenPassword } } }
configurations { fetched }
dependencies { fetched 'com.acme:app:1.0@jar' }
task fetch { doLast { configurations.fetched.files.each { println it } } }
`,
      );
      // Plugins are from the local repository of this machine.
      const central = `<mirror><id>fetched</id><mirrorOf>central</mirrorOf><url>file://${homedir()}/.m2/repository</url></mirror>`;
      writeFileSync(join(created.home, 'global.xml'), `<settings><mirrors>${central}</mirrors></settings>`);
      const mvn =
        'mvn -B -ntp -gs "$HOME/global.xml" -s "$GATEHOUSE_MAVEN_SETTINGS" -Dmaven.repo.local="$HOME/local"';
      const { code, stdout, stderr } = await created.afterSetup([
        `${mvn} ${DEPLOY_FILE} -Durl=${scenario.gateway.url}/maven/ -DrepositoryId=maven -Dfile=app.jar -DgroupId=com.acme -DartifactId=app -Dversion=1.0 -Dpackaging=jar`,
        'rm -rf "$HOME/local/com/acme/app"',
        `${mvn} -q ${GET} -Dartifact=com.acme:app:1.0 -Dtransitive=false`,
        'gradle --no-daemon --quiet --gradle-user-home "$HOME/gradle" fetch',
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(stdout).toContain('app-1.0.jar');
    },
    SLOW,
  );
});

needsCargo.describe('Cargo', () => {
  const { test } = needs('busybox', 'curl', 'dash');
  const scenario = useService(
    { type: 'cargo', resource: 'acme-*' },
    () => ({ registry: () => startCrateRegistry() }),
    ({ registry }) => `{ url: "${registry.url}/" }`,
  );

  test('cargo publishes and builds', async () => {
    const created = startScenarioJob(scenario, 'dash', {
      PATH: `${process.env['PATH']}:${join(homedir(), '.cargo/bin')}`,
      RUSTUP_HOME: process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup'),
    });
    const app = join(created.project, 'app');
    writeCrate(created.project, 'acme-lib');
    writeCrate(app, 'acme-app', 'acme-lib');
    const manifest = join(app, 'Cargo.toml');
    writeFileSync(
      manifest,
      `${readFileSync(manifest, 'utf8').replace('"acme" }', '"cargo" }')}[workspace]\n`,
    );
    const { code, stdout, stderr } = await created.afterSetup([
      'cargo publish --registry cargo --no-verify --allow-dirty',
      'cd app',
      'cargo check',
    ]);
    expect({ code, stdout, stderr }).toExitWith(0);
  });
});

needing(missingNuget()).describe('NuGet', () => {
  const { test } = needs('busybox', 'curl', 'dash');
  const scenario = useService(
    { type: 'nuget', resource: '**' },
    () => ({ feed: () => startNuget() }),
    ({ feed }) => basicUpstream(feed),
  );

  test(
    'nuget pushes and installs',
    async () => {
      const created = startScenarioJob(scenario, 'dash', { LANG: 'C.UTF-8' });
      const packed = await createNuget(created.project, 'http://127.0.0.1:9/').pack('Acme.Core', '1.0.0');
      const nuget = `mono ${join(ROOT, 'node_modules/nuget-exe/nuget-5.8.0.exe')}`;
      const { code, stdout, stderr } = await created.afterSetup([
        `${nuget} push ${packed} -Source nuget -ConfigFile "$GATEHOUSE_NUGET_CONFIG" -NonInteractive`,
        `${nuget} install Acme.Core -ConfigFile "$GATEHOUSE_NUGET_CONFIG" -OutputDirectory out -NonInteractive`,
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
    },
    SLOW,
  );
});

needs('busybox', 'curl', 'dash', 'nginx').describe('classic Helm repositories', () => {
  const { test } = needs();
  const scenario = useService(
    { type: 'helm', resource: '**' },
    () => ({ charts: () => startChartRepository() }),
    ({ charts }) => `{ url: "${charts.url}/" }`,
  );

  test('helm updates and pulls', async () => {
    const created = startScenarioJob(scenario, 'busybox');
    const helm = await helmBinary();
    const served = scenario.charts.folder;
    const { code, stdout, stderr } = await created.afterSetup([
      'cd "$HOME"',
      `${helm} create web >/dev/null`,
      `${helm} package web -d ${served} >/dev/null`,
      `${helm} repo index ${served}`,
      `${helm} repo update`,
      `${helm} pull helm/web`,
      'ls web-0.1.0.tgz',
    ]);
    expect({ code, stdout, stderr }).toExitWith(0);
  });
});

needs('busybox', 'curl', 'dash', 'git').describe('Git', () => {
  const { test } = needs();
  const scenario = useService(
    { type: 'git', resource: 'acme/*' },
    () => ({ server: () => startGitServer() }),
    ({ server }) => basicUpstream(server),
  );

  test('git clones and pushes; the settings of the user remain', async () => {
    await scenario.server.repository('acme/payments');
    for (const shell of ['dash', 'busybox'] as const) {
      const created = startScenarioJob(scenario, shell, { GIT_TERMINAL_PROMPT: '0' });
      writeFileSync(join(created.home, '.gitconfig'), '[user]\n  name = CI\n  email = ci@example.com\n');
      const { code, stdout, stderr } = await created.afterSetup([
        'git clone -q "$GATEHOUSE_URL/git/acme/payments.git" clone',
        'cd clone',
        `git commit -q --allow-empty -m ${shell}`,
        'git push -q origin HEAD:main',
        'git ls-remote origin',
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(stdout).toContain('refs/heads/main');
    }
  });
});

needs('apt-get', 'busybox', 'curl', 'dash', 'nginx').describe('file trees', () => {
  const { test } = needs();
  const scenario = useService(
    { type: 'generic', resource: '**' },
    () => ({ tree: () => startFileTree() }),
    ({ tree }) => `{ url: "http://127.0.0.1:${tree.port}/" }`,
  );

  test('apt updates from a flat repository', async () => {
    mkdirSync(join(scenario.tree.folder, 'flat'));
    writeFileSync(join(scenario.tree.folder, 'flat/Packages'), '');
    const created = startScenarioJob(scenario, 'dash');
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'etc'])
      mkdirSync(join(created.home, name), { recursive: true });
    writeFileSync(
      join(created.home, 'sources.list'),
      `deb [trusted=yes] ${scenario.gateway.url}/generic/flat ./\n`,
    );
    const options = [
      'State=$HOME/state',
      'Cache=$HOME/cache',
      'Etc::sourcelist=$HOME/sources.list',
      'Etc::sourceparts=-',
    ];
    const { code, stdout, stderr } = await created.afterSetup(
      `apt-get ${options.map((option) => `-o "Dir::${option}"`).join(' ')} -o APT::Sandbox::User=root update`,
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout + stderr).not.toMatch(/401|403|Failed/);
  });

  test('curl reads the netrc file', async () => {
    writeFileSync(join(scenario.tree.folder, 'hello.txt'), 'hello');
    const { code, stdout } = await startScenarioJob(scenario, 'dash').afterSetup(
      'curl -sSf --netrc-file "$NETRC" "$GATEHOUSE_URL/generic/hello.txt"',
    );
    expect([code, stdout]).toEqual([0, expect.stringMatching(/hello$/)]);
  });
});

needs('busybox', 'curl', 'dash', 'go', 'nginx', 'openssl').describe('Go', () => {
  const { test } = needs();

  test('go downloads a module over TLS, in dash and busybox', async () => {
    const tree = await startFileTree();
    onTestFinished(() => tree.close());
    const lib = { path: 'example.com/acme/lib', version: 'v1.0.0', hello: 'hello from acme' };
    writeModules(tree.folder, 'sum.example.com', [lib]);
    const feed = await startFeed({ type: 'go', upstreamPort: tree.port, resources: ['example.com/acme/**'] });
    for (const shell of ['dash', 'busybox'] as const) {
      const created = startSetupJob(shell, {
        GATEHOUSE_URL: `https://${feed.host}`,
        GATEHOUSE_ID_TOKEN: feed.credentials['id token'].secret,
        CURL_CA_BUNDLE: feed.caFile,
        SSL_CERT_FILE: feed.caFile,
        GOFLAGS: '-mod=mod -modcacherw',
        GOTOOLCHAIN: 'local',
        PATH: `${process.env['PATH']}:${join(findTool('go') ?? '', '..')}`,
      });
      writeFileSync(join(created.project, 'go.mod'), 'module example.com/acme/app\n\ngo 1.19\n');
      const { code, stdout, stderr } = await created.afterSetup([
        'go get example.com/acme/lib@v1.0.0',
        'go env GONOSUMDB',
      ]);
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(stdout).toMatch(/example\.com\/acme\n$/);
    }
  });
});

needsTerraform.describe('Terraform', () => {
  const { test } = needs('busybox', 'curl', 'dash', 'nginx');
  const scenario = useService(
    { type: 'generic', resource: 'states/**' },
    () => ({ tree: () => startFileTree() }),
    ({ tree }) => `{ url: "http://127.0.0.1:${tree.port}/" }`,
  );

  test('terraform keeps its state behind the gateway', async () => {
    const created = startScenarioJob(scenario, 'dash');
    const outcome = await created.afterSetup('true');
    expect(outcome).toExitWith(0);
    const variables = readFileSync(join(created.directory, 'variables'), 'utf8').trimEnd().split('\n');
    const env = Object.fromEntries(variables.map((line) => line.split(/=(.*)/s).slice(0, 2))) as Record<
      string,
      string
    >;
    writeFileSync(
      join(created.project, 'main.tf'),
      `terraform {
  backend "http" {
    address = "${scenario.gateway.url}/generic/states/prod"
    update_method = "PUT"
  }
}
output "answer" { value = 42 }
`,
    );
    for (const args of [
      ['init', '-no-color'],
      ['apply', '-no-color', '-auto-approve'],
    ]) {
      const { code, stdout, stderr } = await terraform(created.project, env, ...args);
      expect({ code, stdout, stderr }).toExitWith(0);
    }
    expect(readFileSync(join(scenario.tree.folder, 'states/prod'), 'utf8')).toContain('"answer"');
  });
});

needsTerraform.describe('Terraform mirrors', () => {
  const { test } = needs('busybox', 'curl', 'dash', 'gpg', 'openssl');
  let tls: GatewayTls;
  const scenario = useJobScenario({
    backends: () => ({ registry: () => startTerraformRegistry() }),
    tls: () => (tls = gatewayTls()),
    config: ({ gitlab, registry }) => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}" } }
identities:
  infra:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: terraform, scopes: [read_package_registry], resources: ["providers/*/acme/*"] }
      - { service: terraform, scopes: [read_package_registry, write_package_registry], resources: ["states/acme/**"] }
      - { service: central, scopes: [read_package_registry], resources: ["modules/**"] }
services:
  central: { type: terraform, hosts: [tf-1.example.com], path: /tf/, upstream: { url: "${registry.url}/" } }
  terraform:
    type: terraform
    path: /terraform/
    upstream: { url: "${registry.url}/", auth: { basic: { username: gatehouse, password: canary-terraform } } }
`,
  });

  test(
    'terraform installs a provider from the network mirror of the user, and reads its state',
    async () => {
      const address = `127.0.0.1:${scenario.gateway.port}`;
      const created = startScenarioJob(scenario, 'busybox', {
        GATEHOUSE_URL: `https://${address}`,
        CURL_CA_BUNDLE: tls.caFile,
        SSL_CERT_FILE: tls.caFile,
      });
      const settings = `provider_installation {
  network_mirror {
    url = "https://${address}/terraform/mirror/"
  }
}
`;
      writeFileSync(join(created.home, '.terraformrc'), settings);
      const outcome = await created.afterSetup('true');
      expect(outcome).toExitWith(0);
      const file = readFileSync(join(created.directory, 'terraformrc'), 'utf8');
      expect(file.startsWith(`${settings}\ncredentials "${address}" {`)).toBe(true);
      const variables = readFileSync(join(created.directory, 'variables'), 'utf8').trimEnd().split('\n');
      const env = Object.fromEntries(variables.map((line) => line.split(/=(.*)/s).slice(0, 2))) as Record<
        string,
        string
      >;
      expect(env['TF_TOKEN_tf__1_example_com']).toMatch(/^eyJ/);
      writeFileSync(
        join(created.project, 'main.tf'),
        `terraform {
  required_providers {
    null = {
      source = "registry.example.com/acme/null"
    }
  }
  backend "http" {
    address = "https://${address}/terraform/states/acme/prod"
  }
}
`,
      );
      const { code, stdout, stderr } = await terraform(
        created.project,
        { ...env, SSL_CERT_FILE: tls.caFile },
        'init',
        '-no-color',
      );
      expect({ code, stdout, stderr }).toExitWith(0);
    },
    SLOW,
  );
});
