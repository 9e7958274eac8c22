/**
 * Runs the commands of docs/getting-started.md in order, as written except for ports and placeholders. docker is real; the
 * parts of examples/quickstart/compose.yaml run as processes.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startDockerd } from '../support/container-engines.ts';
import { codeBlock, commands } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { needing, needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { ROOT, readText } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { findTool } from '../support/tools.ts';
import { useTutorial } from '../support/tutorial.ts';
import { useStarted } from '../support/use-started.ts';

const PAGE = 'docs/getting-started.md';
const QUICKSTART = 'examples/quickstart';
const STEPS = {
  token: '1. Build the image and create a deploy token',
  start: '2. Start the gateway and the registry',
  push: '3. Log in and push',
  denied: '4. Push to another project',
  explain: '5. Explain the refusal',
  init: '6. A configuration for your pipelines',
} as const;

const isRoot = process.getuid?.() === 0 ? undefined : 'container engines need root';

/** `docker compose run` starts the command line with the paths of the host; other subcommands do nothing. */
function dockerProgram(clientArgs: readonly string[]): string {
  return `#!/bin/bash
if [ "$1" != compose ]; then exec ${findTool('docker')} ${clientArgs.join(' ')} "$@"; fi
[ "$2" = run ] || exit 0
while [ "$1" != gatehouse ]; do shift; done
args=("\${@:2}")
args=("\${args[@]//\\/etc\\/gatehouse/$PWD/gatehouse}")
args=("\${args[@]//\\/var\\/lib\\/gatehouse/$PWD/state}")
set -a
. ./.env
exec gatehouse "\${args[@]}"
`;
}

needing(isRoot).describe('the tutorial', () => {
  const tutorial = needs('docker', 'dockerd', 'docker-registry', 'openssl');
  tutorial.describe('with docker', () => {
    const { file, port, shell, startShell, useSecret } = useTutorial(
      'tutorial',
      ['8080', '9090'],
      'ghdt_laptop_…',
    );
    const engine = useStarted(() => startDockerd());
    const registry = useStarted(() => startRegistry());
    const quickstart = (script: string): Promise<Outcome> => shell(`cd ${QUICKSTART}\n${script}`);
    let refusal = '';

    beforeAll(() => {
      cpSync(join(ROOT, QUICKSTART), file(QUICKSTART), { recursive: true });
      mkdirSync(file(`${QUICKSTART}/state`));
      writeFileSync(file('bin/docker'), dockerProgram(engine.clientArgs), { mode: 0o755 });
      const edit = (name: string, change: (text: string) => string): void => {
        const path = file(`${QUICKSTART}/gatehouse/${name}`);
        writeFileSync(path, change(readFileSync(path, 'utf8')));
      };
      edit('policy.yaml', (text) => text.replace('http://registry:5000', registry.url));
      edit('server.yaml', (text) =>
        text
          .replaceAll(
            /(?:0\.0\.0\.0|127\.0\.0\.1):(8080|9090)/g,
            (_all, each: string) => `127.0.0.1:${port(each)}`,
          )
          .replace('/var/lib/gatehouse', file(`${QUICKSTART}/state`)),
      );
    });

    test('1. a deploy token is created', async () => {
      const [create = '', addHash = ''] = commands(PAGE, STEPS.token);
      const { code, stdout, stderr } = await shell(create);
      expect({ code, stdout, stderr }).toExitWith(0);
      useSecret(/ghdt_laptop_\w+/.exec(stdout)?.[0] ?? '');
      const [hash = ''] = /sha256:[0-9a-f]{64}/.exec(stdout) ?? [];
      expect(await quickstart(addHash.replace('sha256:…', hash))).toExitWith(0);
      const env = readFileSync(file(`${QUICKSTART}/.env`), 'utf8');
      expect(env).toMatch(/^GATEHOUSE_ADMIN_TOKEN=[0-9a-f]{64}\nLAPTOP_SECRET_HASH=sha256:[0-9a-f]{64}\n$/);
    });

    test('2. the gateway starts with the configuration of the page', async () => {
      expect(commands(PAGE, STEPS.start)).toEqual(['docker compose up --detach']);
      expect(codeBlock(PAGE, STEPS.start, 'yaml')).toBe(readText(`${QUICKSTART}/gatehouse/policy.yaml`));
      const output = startShell(`cd ${QUICKSTART}\nset -a\n. ./.env\ngatehouse serve --config gatehouse`);
      await eventually('the gateway', () => output().includes('"listening"'));
    });

    test('3. docker logs in and pushes', async () => {
      const [login = '', push = ''] = commands(PAGE, STEPS.push);
      const loggedIn = await quickstart(login);
      expect(loggedIn, loggedIn.stderr).toMatchObject({ code: 0, stdout: 'Login Succeeded\n' });
      const pushed = await quickstart(push);
      expect(pushed).toExitWith(0);
      expect((await fetch(`${registry.url}/v2/acme/payments/api/manifests/1.0`)).status).toBe(200);
    }, 60_000);

    test('4. docker prints the reason of the refusal', async () => {
      const [push = ''] = commands(PAGE, STEPS.denied);
      const { code, stdout, stderr } = await quickstart(push);
      expect({ code, stdout, stderr }).not.toExitWith(0);
      refusal = /^(?:error from registry: )?denied: .*$/ms.exec(stdout + stderr)?.[0] ?? '';
      expect(refusal).toContain('resource_not_granted');
    }, 60_000);

    test('5. explain shows the grant that does not match, and the policy tests pass', async () => {
      const [explain = '', policyTests = ''] = commands(PAGE, STEPS.explain);
      const [id = 'no request id'] = /(?<=request id )[\w-]+/.exec(refusal) ?? [];
      const explained = await eventually('the audit event', async () => {
        const outcome = await quickstart(explain.replace('ID=…', `ID=${id}`));
        return outcome.code === 1 && outcome;
      });
      for (const line of codeBlock(PAGE, STEPS.explain, 'text').trim().split('\n'))
        expect(explained.stdout).toContain(line);
      // The tests name the address of the container.
      const tests = file(`${QUICKSTART}/gatehouse/policy.test.yaml`);
      writeFileSync(
        tests,
        readFileSync(tests, 'utf8').replaceAll('127.0.0.1:8080', `127.0.0.1:${port('8080')}`),
      );
      expect(await quickstart(policyTests)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('100 %'),
      });
      const policy = file(`${QUICKSTART}/gatehouse/policy.yaml`);
      writeFileSync(
        policy,
        readFileSync(policy, 'utf8').replace(
          "['acme/payments/**']",
          "['acme/payments/**', 'acme/website/**']",
        ),
      );
      expect(await quickstart(policyTests)).toExitWith(1);
      const [retry = ''] = commands(PAGE, STEPS.denied);
      await eventually('the reload', async () => (await quickstart(retry)).code === 0);
    }, 60_000);

    test('6. init writes a configuration, and explain evaluates claims', async () => {
      const [init = '', explain = ''] = commands(PAGE, STEPS.init);
      const [install, ...rest] = init.split('\n');
      expect(install).toBe('npm ci');
      expect(await shell(rest.join('\n'))).toMatchObject({ code: 0, stderr: '' });
      const claims = codeBlock(PAGE, STEPS.init, 'json');
      writeFileSync(file('claims.json'), claims);
      expect(await shell(explain)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('deny as gitlab-other: scope_not_granted'),
      });
      writeFileSync(file('claims.json'), claims.replace('"feature"', '"main"').replace('"false"', '"true"'));
      expect(await shell(explain)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('allow as gitlab-main'),
      });
    });
  });
});

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image?: string;
        readonly ports?: readonly string[];
        readonly build?: { readonly args?: object };
      }
    >
  >;
}

describe('compose.yaml', () => {
  const { services } = parse(readText(`${QUICKSTART}/compose.yaml`)) as ComposeFile;

  test('publishes on loopback only, and not the registry', () => {
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    expect(published).toHaveLength(2);
    for (const each of published) expect(each).toMatch(/^127\.0\.0\.1:/);
    expect(services['registry']?.ports).toBeUndefined();
  });

  test('builds with the arguments of the Dockerfile, with its images as defaults', () => {
    const args = services['gatehouse']?.build?.args ?? {};
    const declared = [...readText('Dockerfile').matchAll(/^ARG (\w+_IMAGE)=(.*)$/gm)];
    expect(args).toEqual(
      Object.fromEntries(declared.map(([, name = '', image = '']) => [name, `\${${name}:-${image}}`])),
    );
  });

  needs('docker-compose').test('is valid for compose, and requires the admin token', async () => {
    const compose = (env: NodeJS.ProcessEnv): Promise<Outcome> =>
      run(findTool('docker-compose') ?? '', ['--file', join(ROOT, QUICKSTART, 'compose.yaml'), 'config'], {
        env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
      });
    const valid = await compose({ GATEHOUSE_ADMIN_TOKEN: 'x', REGISTRY_IMAGE: 'mirror.example/registry:2' });
    expect(valid).toExitWith(0);
    const { services: resolved } = parse(valid.stdout) as ComposeFile;
    expect(resolved['registry']?.image).toBe('mirror.example/registry:2');
    const invalid = await compose({});
    expect(invalid).not.toExitWith(0);
    expect(invalid.stderr).toContain('run the first step of docs/getting-started.md');
  });
});
