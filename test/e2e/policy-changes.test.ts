/** Runs the commands of docs/guides/policy-changes.md in order, as written except for ports and the placeholder of the secret. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { codeBlock, commands } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { useTutorial } from '../support/tutorial.ts';

const PAGE = 'docs/guides/policy-changes.md';
const PORTS = ['8080', '9000', '9090'] as const;
const POLICY = '1. Write a policy';
const SERVE = '3. Serve it';

needs('curl').describe('a policy change', () => {
  const { test } = needs('curl');
  const { adapted, file, port, shell, startShell, useSecret } = useTutorial(
    'policy-changes',
    PORTS,
    'ghdt_ci_…',
  );
  let gatewayOutput = (): string => '';
  /** Without the indented lines of YAML. */
  const blocks = (heading: string): readonly string[] =>
    commands(PAGE, heading).filter((text) => !/^\w+: /.test(text));

  test('1, 2. the policy passes its tests', async () => {
    mkdirSync(file('policy'));
    const [create = ''] = blocks(POLICY);
    const { code, stdout, stderr } = await shell(create);
    expect({ code, stdout, stderr }).toExitWith(0);
    useSecret(/ghdt_ci_\w+/.exec(stdout)?.[0] ?? '');
    const [hash = ''] = /sha256:[0-9a-f]{64}/.exec(stdout) ?? [];
    const yaml = adapted(codeBlock(PAGE, POLICY, 'yaml'))
      .replace(/sha256:0{64}/, hash)
      .replace('server: {', `server: { admin: { listen: 127.0.0.1:${port('9090')} },`);
    expect(yaml).toContain(hash);
    writeFileSync(file('policy/gatehouse.yaml'), yaml);
    writeFileSync(file('policy/gatehouse.test.yaml'), codeBlock(PAGE, '2. Test it', 'yaml'));
    const [check = ''] = blocks('2. Test it');
    expect(await shell(check)).toMatchObject({ code: 0, stdout: 'ok: 2 tests, 2 cases\n' });
  });

  test('3. requests are served and recorded', async () => {
    const [upstream = '', serve = '', requests = ''] = blocks(SERVE);
    startShell(upstream);
    gatewayOutput = startShell(serve);
    await eventually('the gateway', () => gatewayOutput().includes('"listening"'));
    await eventually('both responses', async () => (await shell(requests)).stdout === 'order 1\norder 2\n');
  });

  test('4. the change fails a test, which changes too', async () => {
    const [change = '', adapt = ''] = blocks('4. Change it');
    const failed = await shell(change);
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('resource_not_granted') });
    expect(await shell(adapt)).toMatchObject({ code: 0, stdout: 'ok: 2 tests, 2 cases\n' });
  });

  test('5. the diff lists the lost access, and no gain', async () => {
    const [diff = ''] = blocks('5. Read the diff');
    const { code, stdout, stderr } = await shell(diff);
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain(codeBlock(PAGE, '5. Read the diff', 'text'));
  });

  test('6. the replay lists the lost request', async () => {
    const [replay = '', output = ''] = blocks('6. Replay the audit log');
    const { code, stdout } = await shell(replay);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/allow → deny/) as string });
    // Requests that the upstream was not ready for are events too.
    expect(stdout.replace(/^\d+/, '1')).toContain(output);
  });

  test('7. the candidate has no effect, and its difference is recorded', async () => {
    const heading = '7. Run it as candidate';
    const [add = '', request = '', inspect = ''] = blocks(heading);
    expect(await shell(add)).toExitWith(0);
    await eventually('the candidate', () => gatewayOutput().includes('candidate policy loaded'));
    expect(await shell(request)).toMatchObject({ code: 0, stdout: 'order 2\n' });
    const expected = codeBlock(PAGE, heading, 'text');
    const { stdout } = await eventually('the difference', async () => {
      const outcome = await shell(inspect);
      return outcome.code === 0 && outcome;
    });
    expect(stdout).toBe(expected);
  });

  test('8. the candidate becomes the policy', async () => {
    const [promote = '', request = ''] = blocks('8. Promote it');
    expect(await shell(promote)).toExitWith(0);
    const denied = await eventually('a denial', async () => {
      const { stdout } = await shell(request);
      return stdout.startsWith('HTTP/1.1 403') && stdout;
    });
    expect(denied).toContain('resource_not_granted');
    expect(readFileSync(file('policy/gatehouse.yaml'), 'utf8')).not.toContain('candidate');
  });
});
