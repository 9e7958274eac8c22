/** `gatehouse demo`: its output as in the README, the clients that it imitates, and its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createContainerClients } from '../support/container-clients.ts';
import { normalizedDemo } from '../support/demo-text.ts';
import { codeBlock } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { promptly } from '../support/promptly.ts';
import { ROOT } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

const MAIN = join(ROOT, 'src/main.ts');

function scratch(): string {
  const folder = temporaryFolder('demo-test');
  onTestFinished(() => folder.close());
  return folder.path;
}

/** The demo to its end. `TMPDIR` shows what is left. */
async function demoOnce(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Outcome> {
  const TMPDIR = scratch();
  const outcome = await run(process.execPath, [MAIN, 'demo', '--once', ...args], {
    env: { ...process.env, TMPDIR, ...env },
  });
  expect(readdirSync(TMPDIR)).toEqual([]);
  return outcome;
}

interface RunningDemo {
  output(): string;
  /** The first match of the pattern in the output. */
  value(pattern: RegExp): string;
  /** Ends it as Ctrl-C does, or a closed terminal (SIGHUP), and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The demo without `--once`, after its last line. */
async function startDemo(env: NodeJS.ProcessEnv, until = 'Ctrl-C stops everything.'): Promise<RunningDemo> {
  const TMPDIR = scratch();
  const child = spawn(process.execPath, [MAIN, 'demo'], {
    env: { ...process.env, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  await eventually(until, () => output.includes(until));
  return {
    output: () => output,
    value: (pattern) => pattern.exec(output)?.[0] ?? 'missing',
    async stop(signal = 'SIGINT') {
      child.kill(signal);
      const [code] = await exited;
      expect(readdirSync(TMPDIR)).toEqual([]);
      return code as number | null;
    },
  };
}

/** Without docker-registry on the PATH. */
const WITHOUT_REGISTRY = { PATH: '/nonexistent' };

needs('docker-registry').describe('with a container registry', () => {
  test('its output is the one in the README', async () => {
    const { code, stdout, stderr } = await demoOnce({});
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(`${normalizedDemo(stdout)}\n`).toBe(codeBlock('README.md', 'Quick start', 'text'));
    expect(stdout).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
  });

  test('--verbose prints the configuration and the complete audit event', async () => {
    const { code, stdout, stderr } = await demoOnce({}, '--verbose');
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain("match: { project_id: '20'");
    const [event = ''] = /^ {2}\{"@timestamp.*$/m.exec(stdout) ?? [];
    expect(JSON.parse(event)).toMatchObject({
      event: { reason: 'resource_not_granted' },
      user: { name: 'payments' },
      gatehouse: { service: 'registry' },
    });
  });

  test.each([
    ['Ctrl-C during the steps', 'Gatehouse demo', 'SIGINT'],
    ['Ctrl-C after the steps', undefined, 'SIGINT'],
    ['a closed terminal', undefined, 'SIGHUP'],
  ] as const)('%s ends with 0, and leaves no process and no file', async (_, until, signal) => {
    const demo = await startDemo({}, until);
    const registry = await eventually(
      'the registry',
      () => /(?<=registry +)http:\S+/.exec(demo.output())?.[0],
    );
    expect((await fetch(`${registry}/v2/`)).status).toBe(200);
    expect(await demo.stop(signal)).toBe(0);
    await expect(fetch(`${registry}/v2/`)).rejects.toThrow();
  });

  test('the first result appears within ten seconds', async () => {
    await promptly(10_000, async () => {
      const since = performance.now();
      const demo = await startDemo({}, 'Login Succeeded');
      const duration = performance.now() - since;
      await demo.stop();
      return duration;
    });
  });

  test('the printed commands of the gateway work from a checkout', async () => {
    const demo = await startDemo({});
    const command = (name: string): Promise<Outcome> =>
      run('bash', ['-c', demo.value(new RegExp(`\\./bin/gatehouse ${name} .*`))], { cwd: ROOT });
    expect(await command('explain')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('deny as payments: resource_not_granted'),
    });
    expect(await command('access')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('write_registry'),
    });
    expect(await demo.stop()).toBe(0);
  });

  needs('skopeo').test(
    'skopeo pulls the image, and prints the refusal of a push in the same words',
    async () => {
      const demo = await startDemo({});
      const clients = createContainerClients();
      onTestFinished(() => clients.close());
      const host = demo.value(/(?<=gateway +http:\/\/)\S+/);
      const token = (await run('cat', [demo.value(/\/\S+\/job\.jwt/)])).stdout;
      const from = [
        '--src-tls-verify=false',
        '--src-creds',
        `ci:${token}`,
        `docker://${host}/acme/payments/api:1.0`,
      ];
      const layout = `dir:${join(clients.folder, 'image')}`;
      expect(await clients.skopeo('copy', ...from, layout)).toExitWith(0);
      const into = ['--dest-tls-verify=false', '--dest-creds', `ci:${token}`];
      const pushed = await clients.skopeo('copy', ...into, layout, `docker://${host}/acme/website/app:1.0`);
      expect(pushed).not.toExitWith(0);
      const words = demo.value(/denied: .*(?=, request id)/);
      expect(words).toContain('resource_not_granted');
      // skopeo quotes the text of the registry.
      expect(pushed.stderr.replaceAll('\\"', '"')).toContain(words);
      expect(
        await clients.skopeo('copy', ...into, layout, `docker://${host}/acme/payments/web:1.0`),
      ).toMatchObject({
        code: 0,
      });
      expect(await demo.stop()).toBe(0);
    },
  );
});

describe('without docker-registry', () => {
  test('it runs an npm registry and an API', async () => {
    const { code, stdout, stderr } = await demoOnce(WITHOUT_REGISTRY);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/npm whoami.*\n {2}payments\n/);
    expect(stdout).toContain('x-auth-identity: payments\n');
    expect(stdout).not.toContain('authorization:');
    expect(stdout).toMatch(/^ {2}npm error 403 .*resource_not_granted/m);
    expect(stdout).toContain('decision    deny as payments: resource_not_granted');
    expect(stdout).toMatch(/deny {2}PUT \/npm\/@website%2fui {2}403 resource_not_granted {2}payments/);
  });

  test('npm itself gets the same responses from the printed commands', async () => {
    const demo = await startDemo(WITHOUT_REGISTRY);
    const npm = (args: string): Promise<Outcome> =>
      run('bash', ['-c', demo.value(new RegExp(`npm ${args} .*`))], { cwd: scratch() });
    expect(await npm('whoami')).toMatchObject({ code: 0, stdout: 'payments\n' });
    expect(await npm('view')).toMatchObject({ code: 0, stdout: '1.0.0\n' });
    const refused = await npm('publish');
    expect(refused).not.toExitWith(0);
    expect(refused.stderr).toContain(
      demo.value(/npm error 403 .*(?=, request id)/).slice('npm error '.length),
    );
    expect(await demo.stop()).toBe(0);
  });
});

test('a registry that does not start: exit 1, one line, nothing is left', async () => {
  const folder = scratch();
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/docker-registry'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const { code, stdout, stderr } = await demoOnce({ PATH: `${join(folder, 'bin')}:/usr/bin:/bin` });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^gatehouse demo: \S+docker-registry does not accept requests at http:\S+\n$/);
});

needs('script').test('colours appear on a terminal, and not with NO_COLOR', async () => {
  const onTerminal = (env: NodeJS.ProcessEnv): Promise<Outcome> =>
    run(findTool('script') ?? '', ['-qec', `${process.execPath} ${MAIN} demo --once`, '/dev/null'], {
      env: { TERM: 'xterm', ...WITHOUT_REGISTRY, ...env },
    });
  expect((await onTerminal({})).stdout).toContain('\u001b[31mnpm error 403');
  expect((await onTerminal({ NO_COLOR: '1' })).stdout).not.toContain('\u001b[');
});
