/** Runs the commands of docs/getting-started.md in order, as written except for ports and the placeholder of the secret. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { codeBlock, commands } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import type { Outcome } from '../support/run.ts';
import { useTutorial } from '../support/tutorial.ts';

const PAGE = 'docs/getting-started.md';
const PORTS = ['8080', '9000', '9090'] as const;

needs('curl').describe('the tutorial', () => {
  const { test } = needs('curl');
  const { adapted, file, port, shell, startShell, useSecret } = useTutorial(
    'tutorial',
    PORTS,
    'ghdt_tutorial_…',
  );

  test('1. the demo', async () => {
    const [install, demo = ''] = commands(PAGE, '1. Install and run the demo').join('\n').split('\n');
    expect(install).toBe('npm ci');
    expect(await shell(demo)).toMatchObject({ code: 0, stderr: '' });
  });

  test('2, 3. the configuration and a deploy token pass check', async () => {
    const [create = '', check = ''] = commands(PAGE, '3. Create a deploy token and check the configuration');
    const { code, stdout } = await shell(create);
    expect(code).toBe(0);
    useSecret(/ghdt_tutorial_\w+/.exec(stdout)?.[0] ?? '');
    const [hash = ''] = /sha256:[0-9a-f]{64}/.exec(stdout) ?? [];
    const yaml = adapted(codeBlock(PAGE, '2. Write a configuration', 'yaml'))
      .replace(/sha256:0{64}/, hash)
      .replace('server: {', `server: { admin: { listen: 127.0.0.1:${port('9090')} },`);
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
