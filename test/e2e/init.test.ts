/** `gatehouse init` on a pseudo-terminal of script(1), as a person starts it, and without one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';

function scratch(): string {
  const folder = temporaryFolder('init');
  onTestFinished(() => folder.close());
  return folder.path;
}

interface Session {
  /** Types a line after this text has appeared on the screen. */
  answer(question: string, line: string): Promise<void>;
  screen(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts `gatehouse init` with a terminal; the working directory is `folder`. */
function startInit(folder: string, ...args: readonly string[]): Session {
  const command = [join(ROOT, 'bin/gatehouse'), 'init', ...args].join(' ');
  const child = spawn(findTool('script') ?? '', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let screen = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  return {
    async answer(question, line) {
      const at = await eventually(question, () => {
        const found = screen.indexOf(question, read);
        return found >= 0 && found + question.length;
      });
      read = at;
      child.stdin.write(line);
    },
    screen: () => screen,
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
}

needs('script').describe('on a terminal', () => {
  test('it asks, explains an invalid answer, and writes files that pass check and test', async () => {
    const folder = scratch();
    const session = startInit(folder);
    await session.answer('Which systems issue the tokens (gitlab, github, azure-devops,', 'jenkins\r');
    await session.answer('jenkins: unknown; choose from gitlab, github', '');
    await session.answer('Which systems issue the tokens', 'gitlab, github\r');
    await session.answer('Which services', 'registry npm\r');
    await session.answer('URL of GitLab', 'http://gitlab.internal\r');
    await session.answer('must be https', '');
    await session.answer('URL of GitLab', 'https://gitlab.internal\r');
    await session.answer('GitHub organization [acme]:', '\r');
    await session.answer('Path of the first GitLab project [acme/payments]:', 'shop/web\r');
    await session.answer('Id of this project', '42\r');
    await session.answer('URL of the container registry [http://127.0.0.1:5000]:', '\r');
    await session.answer('URL of the npm registry', '\r');
    await session.answer('Address of the gateway for clients', 'http://127.0.0.1:8080\r');
    await session.answer('Directory of the new files [gatehouse]:', '\r');
    expect(await session.ended, session.screen()).toBe(0);
    expect(readdirSync(folder)).toEqual(['gatehouse']);
    const output = join(folder, 'gatehouse');
    expect(readFileSync(join(output, 'gatehouse.yaml'), 'utf8')).toContain(
      "project_id: '42' # the id of shop/web",
    );
    expect(await gatehouse('check', '--config', output)).toMatchObject({ code: 0, stderr: '' });
    expect(await gatehouse('test', '--config', output)).toMatchObject({ code: 0, stderr: '' });
  });

  test('answers that are pasted at once reach their questions', async () => {
    const folder = scratch();
    const session = startInit(folder);
    const answers = ['github', 'npm', 'shop', 'http://127.0.0.1:4873', '', 'pasted'];
    await session.answer('Which systems issue the tokens', answers.map((answer) => `${answer}\r`).join(''));
    expect(await session.ended, session.screen()).toBe(0);
    const yaml = readFileSync(join(folder, 'pasted/gatehouse.yaml'), 'utf8');
    expect(yaml).toContain("resources: ['@shop/*']");
  });

  test('it asks only for the rest, and Ctrl-C and Ctrl-D write nothing', async () => {
    const folder = scratch();
    for (const key of ['\u0003', '\u0004']) {
      const session = startInit(folder, '--gitlab https://gitlab.internal --npm http://127.0.0.1:4873');
      await session.answer('Path of the first GitLab project', key);
      expect(await session.ended, session.screen()).toBe(1);
      expect(session.screen()).toContain('cancelled: no file is written');
      expect(session.screen()).not.toContain('Which');
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('it does not ask if the flags are complete', async () => {
    const folder = scratch();
    const session = startInit(folder, '--output new --github acme --registry http://127.0.0.1:5000');
    expect(await session.ended, session.screen()).toBe(0);
    expect(readdirSync(folder)).toEqual(['new']);
  });
});

test('without a terminal it never asks, and writes the files of the flags', async () => {
  const output = join(scratch(), 'new');
  const { code, stdout, stderr } = await gatehouse('init', '--output', output);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).not.toContain('?');
  expect(await gatehouse('check', '--config', output)).toExitWith(0);
});

test.each([
  ['the checkout', ROOT, './bin/gatehouse'],
  ['a folder of it', join(ROOT, 'test'), join(ROOT, 'bin/gatehouse')],
])('from %s, the next steps are commands that run', async (_name, cwd, program) => {
  const output = join(scratch(), 'new');
  const { stdout } = await run(join(ROOT, 'bin/gatehouse'), ['init', '--output', output], { cwd });
  expect(stdout).toContain(`\n  ${program} check --config ${output} --online `);
});

test('a directory that cannot be written: exit 2, one line, nothing is left', async () => {
  const folder = scratch();
  // root can write anywhere; /proc refuses it too.
  const output = '/proc/self/gatehouse';
  const { code, stdout, stderr } = await run(join(ROOT, 'bin/gatehouse'), ['init', '--output', output], {
    cwd: folder,
  });
  expect({ code, stdout, stderr }).toExitWith(2);
  expect(stderr).toMatch(/^gatehouse init: --output \/proc\/self\/gatehouse cannot be written: E[A-Z]+\n/);
  expect(existsSync(output)).toBe(false);
});
