/** `gatehouse init`: each combination of flags writes files that pass `check` and `test`. */
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandLine, type CommandOutcome } from '../../support/command-line.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SERVICES = ['registry', 'npm', 'pypi', 'maven', 'git', 'api'] as const;

/** The groups of flags of which each may be absent. */
const GROUPS = [
  ['--gitlab', 'https://gitlab.example.com'],
  ['--github', 'acme'],
  ['--project', 'acme/payments'],
  ['--project-id', '20'],
  ['--public-url', 'http://127.0.0.1:8080'],
] as const;

const PLATFORMS = [
  ['--aws', 'https://0c1d2e3f-1111-4222-8333-444455556666.tokens.sts.global.api.aws'],
  ['--azure-devops', '0C1D2E3F-1111-4222-8333-444455556666'],
  ['--bitbucket', 'Acme_web'],
  ['--buildkite', 'acme'],
  ['--circleci', '0c1d2e3f-1111-4222-8333-444455556666'],
  ['--google', '739419398126'],
  ['--hcp-terraform', 'https://app.terraform.io'],
  ['--spiffe', 'prod.example.com'],
] as const;

const SERVICE_SETS: readonly (readonly string[])[] = [[], ...SERVICES.map((name) => [name]), SERVICES];

function scratch(): string {
  const folder = temporaryFolder('init');
  onTestFinished(() => folder.close());
  return folder.path;
}

const init = (...args: readonly string[]): Promise<CommandOutcome> => commandLine(['init', ...args]);

/** The files pass `check` without a warning, and their tests exercise each rule. */
async function expectValid(folder: string): Promise<void> {
  const checked = await commandLine(['check', '--config', folder, '--fail-on', 'warning']);
  expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining(' 0 warnings') });
  const tested = await commandLine(['test', '--config', folder, '--min-coverage', '100']);
  expect(tested).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok: /) });
}

describe('the files pass check and test', () => {
  test.each(SERVICE_SETS.map((names) => ({ names })))(
    'services $names, with each combination of the other flags',
    async ({ names }) => {
      const root = scratch();
      const upstreams = names.flatMap((name) => [`--${name}`, 'http://127.0.0.1:5000']);
      for (let bits = 0; bits < 2 ** GROUPS.length; bits++) {
        const flags = GROUPS.flatMap((group, index) => ((bits >> index) & 1 ? group : []));
        const output = join(root, String(bits));
        const { code, stderr } = await init('--output', output, ...flags, ...upstreams);
        expect({ flags, code, stderr }).toEqual({ flags, code: 0, stderr: '' });
        await expectValid(output);
      }
    },
    60_000,
  );

  test.each(PLATFORMS)('%s %s, with all services', async (flag, value) => {
    const output = join(scratch(), 'new');
    const upstreams = SERVICES.flatMap((name) => [`--${name}`, 'http://127.0.0.1:5000']);
    const { code, stderr } = await init('--output', output, flag, value, ...upstreams);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expectValid(output);
    const yaml = readFileSync(join(output, 'gatehouse.yaml'), 'utf8');
    expect(yaml).toContain(`  ${flag.slice(2)}: # `);
    expect(yaml).not.toContain('  gitlab:');
    expect(await init('--output', join(scratch(), 'new'), flag, 'not valid')).toExitWith(2);
  });

  test('with every system at once', async () => {
    const output = join(scratch(), 'new');
    expect(await init('--output', output, ...PLATFORMS.flat(), ...GROUPS.flat())).toExitWith(0);
    await expectValid(output);
  });

  test('with any accepted project, id and address', async () => {
    const root = scratch();
    const word = fc.oneof(
      { weight: 6, arbitrary: fc.stringMatching(/^[A-Za-z0-9]{1,8}([._-][A-Za-z0-9]{1,5})?$/) },
      { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/) },
    );
    const values = fc.record({
      project: fc.array(word, { minLength: 2, maxLength: 4 }).map((segments) => segments.join('/')),
      id: fc.bigInt(1n, 10n ** 18n).map(String),
      publicUrl: fc.constantFrom('https://gw.example.com', 'http://localhost:8080', 'http://[::1]:9000'),
      upstream: fc.constantFrom(
        'http://127.0.0.1:5000',
        'https://npm.internal/repository/npm/',
        'http://a:81/x',
      ),
      services: fc.subarray([...SERVICES], { minLength: 1 }),
    });
    let count = 0;
    let written = 0;
    await fc.assert(
      fc.asyncProperty(values, async ({ project, id, publicUrl, upstream, services }) => {
        const output = join(root, String(count++));
        const { code } = await init(
          '--output',
          output,
          '--gitlab',
          'http://127.0.0.1:9000/gitlab/',
          '--project',
          project,
          '--project-id',
          id,
          '--public-url',
          publicUrl,
          ...services.flatMap((name) => [`--${name}`, upstream]),
        );
        if (code === 2) {
          expect(readdirSync(root)).not.toContain(String(count - 1));
          return;
        }
        written++;
        await expectValid(output);
      }),
      { numRuns: 60 },
    );
    expect(written).toBeGreaterThan(30);
  });
});

describe('the content', () => {
  test('a project with its id: no placeholder, and the id is bound', async () => {
    const output = join(scratch(), 'new');
    const { stdout } = await init(
      '--output',
      output,
      '--gitlab',
      'https://gitlab.example.com/',
      '--project-id',
      '20',
    );
    expect(stdout).not.toContain('placeholder');
    const yaml = readFileSync(join(output, 'gatehouse.yaml'), 'utf8');
    expect(yaml).toContain("project_id: '20'");
    expect(yaml).toContain('issuer: https://gitlab.example.com\n');
    expect(yaml).not.toContain('PLACEHOLDER');
  });

  test('without an id: a commented placeholder that matches no project, named in the output', async () => {
    const output = join(scratch(), 'new');
    const { stdout } = await init(
      '--output',
      output,
      '--github',
      'acme',
      '--registry',
      'http://127.0.0.1:5000',
    );
    const lines = readFileSync(join(output, 'gatehouse.yaml'), 'utf8').split('\n');
    const named = [...stdout.matchAll(/gatehouse\.yaml:(\d+)$/gm)].map(([, line]) => lines[Number(line) - 1]);
    expect(named).toEqual(["      repository_owner_id: '0'", "      repository_owner_id: '0'"]);
    expect(lines[lines.indexOf(named[0] ?? '') - 1]).toContain('# PLACEHOLDER: 0 matches no organization');
  });
});

describe('the directory', () => {
  test('an empty directory and missing parents are accepted', async () => {
    const root = scratch();
    mkdirSync(join(root, 'empty'));
    const { ino } = statSync(join(root, 'empty'));
    for (const output of [join(root, 'empty'), join(root, 'a/b/c')]) {
      expect(await init('--output', output)).toExitWith(0);
      expect(readdirSync(output)).toEqual(['gatehouse.test.yaml', 'gatehouse.yaml']);
    }
    expect(statSync(join(root, 'empty')).ino).toBe(ino);
    expect(readdirSync(root).toSorted()).toEqual(['a', 'empty']);
  });

  test.each(['notes.txt', '.git', 'gatehouse.yaml'])(
    'with the file %s: exit 2, nothing is written',
    async (name) => {
      const root = scratch();
      writeFileSync(join(root, name), 'mine');
      const { code, stdout, stderr } = await init('--output', root);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`is not empty (${name})`);
      expect(readdirSync(root)).toEqual([name]);
      expect(readFileSync(join(root, name), 'utf8')).toBe('mine');
    },
  );

  test('a file in its place, also as a parent: exit 2', async () => {
    const root = scratch();
    writeFileSync(join(root, 'file'), 'mine');
    for (const output of [join(root, 'file'), join(root, 'file/below')]) {
      const { code, stdout, stderr } = await init('--output', output);
      expect({ code, stdout, stderr }).toExitWith(2);
      expect(stderr).toContain(`gatehouse init: --output ${output} `);
      expect(stderr).not.toContain('    at ');
    }
    expect(readdirSync(root)).toEqual(['file']);
  });
});

describe('invalid values: exit 2, one line with the value and the fix, nothing is written', () => {
  test.each([
    ['--gitlab', 'gitlab.example.com', 'must be a URL'],
    ['--gitlab', 'http://gitlab.example.com', 'must be https'],
    ['--gitlab', 'https://user:secret@gitlab.example.com', 'must not contain a user name or password'],
    ['--gitlab', 'https://gateway.example.com', 'must not be server.publicUrl'],
    ['--gitlab', 'https://token.actions.githubusercontent.com', 'type: github'],
    ['--registry', 'ftp://127.0.0.1/', 'must be a URL'],
    ['--registry', 'http://127.0.0.1:5000/?x=1', 'must not have a query'],
    ['--npm', "http://127.0.0.1:4873/it's", 'must not contain spaces, quotes'],
    ['--npm', 'http://127.0.0.1:4873/${HOME}', 'must not contain spaces, quotes'],
    ['--github', 'acme/payments', 'name of an organization'],
    ['--aws', 'https://sts.amazonaws.com', 'aws iam get-outbound-web-identity-federation-info'],
    ['--circleci', 'acme', 'must be an id such as'],
    ['--spiffe', 'spiffe://example.org', 'without spiffe://'],
    ['--buildkite', 'https://buildkite.com/acme', 'must be a name such as acme'],
    ['--project', 'payments', 'path of a project'],
    ['--project', "acme/pay'ments", 'path of a project'],
    ['--project-id', 'acme/payments', 'the number of the project'],
    ['--public-url', 'http://gateway.example.com', 'must be https'],
    ['--public-url', 'https://gateway.example.com/gatehouse', 'must not have a path'],
  ])('%s %s', async (flag, value, problem) => {
    const root = scratch();
    const { code, stdout, stderr } = await init('--output', join(root, 'new'), flag, value);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^gatehouse init: [^\n]*\nRun "gatehouse init --help" for usage\.\n$/);
    expect(stderr).toContain(problem);
    expect(readdirSync(root)).toEqual([]);
  });

  test('a password in a URL is not printed', async () => {
    const { stderr } = await init(
      '--output',
      join(scratch(), 'x'),
      '--npm',
      'https://me:hunter2@npm.example.com',
    );
    expect(stderr).not.toContain('hunter2');
  });

  test('a project of another organization', async () => {
    const { code, stdout, stderr } = await init(
      '--output',
      join(scratch(), 'x'),
      '--github',
      'acme',
      '--project',
      'b/c',
    );
    expect({ code, stdout, stderr }).toExitWith(2);
    expect(stderr).toContain('is not a repository of acme');
  });

  test('without a terminal it does not ask: --output is required', async () => {
    expect(await init()).toMatchObject({ code: 2, stderr: expect.stringContaining('--output is required') });
  });
});
