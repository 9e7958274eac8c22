/** Runs the commands of docs/getting-started.md in order, as written except for ports and the placeholder of the secret. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { codeBlock, commands } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

const PAGE = 'docs/getting-started.md';
const PORTS = ['8080', '9000', '9090'] as const;

needs('curl').describe('the tutorial', () => {
  const { test } = needs('curl');
  const folder = useStarted(() => Promise.resolve(temporaryFolder('tutorial')));
  const ports = new Map<string, number>();
  const running: { stop(): Promise<unknown> }[] = [];
  let secret = '';
  const file = (name: string): string => join(folder.path, name);

  beforeAll(async () => {
    for (const port of PORTS) ports.set(port, await freePort());
    mkdirSync(file('bin'));
    symlinkSync(join(ROOT, 'bin/gatehouse'), file('bin/gatehouse'));
  });
  afterAll(() => Promise.all(running.map((process) => process.stop())));

  /** A text of the page with the ports and the secret of this run. */
  const adapted = (text: string): string =>
    text
      .replaceAll(/(?<=127\.0\.0\.1:|listen\()(8080|9000)\b/g, (port) => String(ports.get(port)))
      .replaceAll('ghdt_tutorial_…', secret);
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: '/nonexistent' };
  const shell = (script: string): Promise<Outcome> =>
    run('bash', ['--norc', '-euo', 'pipefail', '-c', adapted(script)], { cwd: folder.path, env });

  /** Starts commands of which the last one keeps running; returns the output so far. */
  function startShell(script: string): () => string {
    const lines = script.trimEnd().split('\n');
    const last = `exec ${lines.pop()}`;
    const child = spawn('bash', ['--norc', '-euc', adapted([...lines, last].join('\n'))], {
      cwd: folder.path,
      env,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exited = once(child, 'exit');
    running.push({
      stop() {
        child.kill('SIGKILL');
        return exited;
      },
    });
    return () => output;
  }

  test('1. the demo', async () => {
    const [install, demo = ''] = commands(PAGE, '1. Install and run the demo').join('\n').split('\n');
    expect(install).toBe('npm ci');
    expect(await shell(demo)).toMatchObject({ code: 0, stderr: '' });
  });

  test('2, 3. the configuration and a deploy token pass check', async () => {
    const [create = '', check = ''] = commands(PAGE, '3. Create a deploy token and check the configuration');
    const { code, stdout } = await shell(create);
    expect(code).toBe(0);
    [secret = ''] = /ghdt_tutorial_\w+/.exec(stdout) ?? [];
    const [hash = ''] = /sha256:[0-9a-f]{64}/.exec(stdout) ?? [];
    const yaml = adapted(codeBlock(PAGE, '2. Write a configuration', 'yaml'))
      .replace(/sha256:0{64}/, hash)
      .replace('server: {', `server: { admin: { listen: 127.0.0.1:${ports.get('9090')} },`);
    expect(yaml).toContain(hash);
    writeFileSync(file('gatehouse.yaml'), yaml);
    expect(await shell(check)).toMatchObject({ code: 0 });
  });

  test('4, 5. requests with the token: allowed and denied as described', async () => {
    const [upstream = '', serve = ''] = commands(PAGE, '4. Start an upstream and the gateway');
    const [allowed = '', denied = ''] = commands(PAGE, '5. Send a request with a token');
    startShell(upstream);
    const output = startShell(serve);
    await eventually('the log lines of the page', () =>
      ['listening', 'key set not fetched'].every((message) => output().includes(message)),
    );
    expect(await eventually('a response', async () => accepted(await shell(allowed)))).toBe('order 1\n');
    const [setSecret = ''] = allowed.split('\n');
    const refused = await shell(`${setSecret}\n${denied}`);
    expect(refused.stdout).toMatch(/^HTTP\/1\.1 403 /);
    const [, id = 'no request id'] = /"request_id":"([^"]+)"/.exec(refused.stdout) ?? [];
    expect(refused.stdout).toContain('resource_not_granted');
    const event = await eventually('the audit event', () =>
      output()
        .split('\n')
        .find((line) => line.includes(id) && line.endsWith('}')),
    );
    expect(JSON.parse(event)).toMatchObject({ gatehouse: { detail: expect.stringContaining('not for') } });
    expect(output()).toContain('deploy-token:tutorial');
  });

  test('6. explain', async () => {
    const heading = '6. Explain a denial';
    writeFileSync(file('claims.json'), codeBlock(PAGE, heading, 'json'));
    const [explain = ''] = commands(PAGE, heading);
    const denied = await shell(explain);
    expect(denied.code).toBe(1);
    expect(denied.stdout).toContain('deny: no_matching_identity');
    expect(denied.stdout).toContain('payments-deploy  ref equals "main": the claim is "feature"');
    const claims = readFileSync(file('claims.json'), 'utf8')
      .replace('"ref": "feature"', '"ref": "main"')
      .replace('"ref_protected": "false"', '"ref_protected": "true"');
    writeFileSync(file('claims.json'), claims);
    const allowed = await shell(explain);
    expect(allowed).toMatchObject({ code: 0, stdout: expect.stringContaining('allow as payments-deploy') });
  });
});

/** The output of a request that succeeded. */
function accepted({ code, stdout }: Outcome): string | undefined {
  return code === 0 && stdout !== '' ? stdout : undefined;
}
