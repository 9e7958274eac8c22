/** `ci-templates/setup.sh`: credentials, secrecy, refusals. The clients are in setup-clients.test.ts. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SERVICE_TRAITS } from '../../src/config/index.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { startSetupJob, SHELLS, type SetupJob, type ShellName } from '../support/setup-script.ts';

/** The service types with clients that the script configures. */
const ALL = [
  'oci',
  'npm',
  'pypi',
  'maven',
  'nuget',
  'cargo',
  'go',
  'helm',
  'git',
  'generic',
  'deb',
  'rpm',
  'rubygems',
] as const;
const NAMES = Object.keys(SHELLS) as ShellName[];

const scenario = useJobScenario({
  backends: () => ({
    github: () => startIssuer({ type: 'github' }),
    upstream: () => startHttpUpstream((_req, res) => res.end('ok')),
  }),
  config: ({ gitlab, github, upstream }) =>
    feedConfig({
      gitlab: gitlab.url,
      grants: `
      - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["@acme/*"] }
      - { service: registry, scopes: [read_registry], resources: ["acme/**"] }
      - { service: "x@y.z", scopes: [read_package_registry], resources: ["$(touch owned)/;touch owned;\`id\`", "'\\"<&>"] }`,
      deployToken: '{ service: npm, scopes: [read_package_registry], resources: ["**"] }',
      identities: `  release:
    issuer: github
    match: { repository_id: "20" }
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]
  idle:
    issuer: gitlab
    match: { project_id: "22" }
  deploying:
    issuer: gitlab
    via: [deploy_token]
    match: { username: { in: [deployer] } }
    allowMutableNames: true
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]
  all:
    issuer: gitlab
    match: { project_id: "23" }
    grants:
${ALL.map((type) => `      - { service: ${type === 'oci' ? 'registry' : type}, scopes: ${JSON.stringify(SERVICE_TRAITS[type].scopes)}, resources: ["**"] }`).join('\n')}
`,
      services: `  npm: { type: npm, path: /npm/, upstream: { url: "${upstream.url}/" } }
  "x@y.z": { type: generic, path: "/o'$(x)&=!*/", upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
${ALL.filter((type) => !['npm', 'oci'].includes(type))
  .map((type) => `  ${type}: { type: ${type}, path: /${type}/, upstream: { url: "${upstream.url}/" } }`)
  .join('\n')}
`,
    })
      .replace('jobTokens:', 'deployTokens: {}, jobTokens:')
      .replace('issuers:', `issuers:\n  github: { type: github, issuer: "${github.url}" }`),
});

function job(shell: ShellName, env: NodeJS.ProcessEnv = {}): SetupJob {
  const created = startSetupJob(shell, { GATEHOUSE_URL: scenario.gateway.url, ...env });
  return created;
}
const idToken = (): NodeJS.ProcessEnv => ({ GATEHOUSE_ID_TOKEN: scenario.job.idToken() });
const ME =
  'printf \'user = "gatehouse:%s"\\n\' "$GATEHOUSE_TOKEN" | curl -sSf --config - "$GATEHOUSE_URL/v1/users/me"';

needs('busybox', 'curl', 'dash').describe('setup.sh', () => {
  describe.each(NAMES)('with %s', (shell) => {
    test('exchanges the ID token of a GitLab job and writes private files for the granted services', async () => {
      const gitlab = job(shell, idToken());
      const { code, stdout, stderr } = await gitlab.afterSetup(['env', ME]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('gatehouse: npm, pnpm, yarn 1: npmrc');
      expect(stdout).toContain(`NPM_CONFIG_USERCONFIG=${gitlab.directory}/npmrc`);
      expect(stdout).toContain('"identity":"ci"');
      expect(stdout).toContain('"mintedFrom":"id_token"');
      expect(stdout).not.toContain('settings.xml');
      expect(statSync(gitlab.directory).mode & 0o777).toBe(0o700);
      for (const name of ['npmrc', 'token', 'source', 'env', 'variables', 'config.json'])
        expect([name, statSync(join(gitlab.directory, name)).mode & 0o077]).toEqual([name, 0]);
      const npmrc = readFileSync(join(gitlab.directory, 'npmrc'), 'utf8');
      expect(npmrc).toContain(`@acme:registry=${scenario.gateway.url}/npm/\n`);
      expect(npmrc).not.toMatch(/^registry=/m);
      const cleaned = await gitlab.script('sh "$SETUP" --clean');
      expect([cleaned.code, existsSync(gitlab.directory)]).toEqual([0, false]);
    });

    test('nothing of the response and of the paths is evaluated', async () => {
      const gitlab = job(shell, idToken());
      const { code, stdout, stderr } = await gitlab.afterSetup('env');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('terraform: env');
      expect(gitlab.filesWith('touch owned')).toEqual([]);
      expect(existsSync(join(gitlab.project, 'owned'))).toBe(false);
    });

    test('tokens are neither in the trace, nor in the output, nor in the project, nor in arguments', async () => {
      const credential = scenario.job.idToken();
      const gitlab = job(shell, { GATEHOUSE_ID_TOKEN: credential });
      // Programs that record their arguments; curl also records the arguments of every process.
      const bin = join(gitlab.folder, 'bin');
      mkdirSync(bin);
      const all = `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\000' ' '`;
      for (const name of [
        'cat',
        'chmod',
        'curl',
        'date',
        'grep',
        'mkdir',
        'mv',
        'rm',
        'sed',
        'sh',
        'sort',
        'tr',
      ]) {
        const record = `printf '%s\\n' "$0 $*"${name === 'curl' ? `; /usr/bin/${all.replace('| ', '| /usr/bin/')}` : ''}`;
        writeFileSync(
          join(bin, name),
          `#!/bin/sh\n{ ${record}; } >>"${gitlab.folder}/arguments"\nexec /usr/bin/${name} "$@"\n`,
          { mode: 0o755 },
        );
      }
      const path = { PATH: `${bin}:${process.env['PATH']}` };
      const traced = await gitlab.script(['set -x', '. "$SETUP"', 'echo done'], path);
      expect(traced).toExitWith(0);
      expect(traced.stderr).toMatch(/^\+ echo '?done/m);
      const token = readFileSync(join(gitlab.directory, 'token'), 'utf8').split('\n')[0] ?? '';
      const seen = readFileSync(join(gitlab.folder, 'arguments'), 'latin1');
      for (const name of ['docker-credential-gatehouse', 'bin/sed ', 'bin/mv ']) expect(seen).toContain(name);
      for (const secret of [credential, token]) {
        expect(secret.length).toBeGreaterThan(100);
        expect(traced.stdout + traced.stderr).not.toContain(secret);
        expect(seen).not.toContain(secret);
        const places = gitlab.filesWith(secret);
        expect(places.length).toBeGreaterThan(0);
        expect(places.filter((place) => !place.startsWith('tmp/gatehouse-'))).toEqual([]);
      }
    });

    test.each([
      ['a job token', () => ({ CI_JOB_TOKEN: scenario.job.token }), '"mintedFrom":"job_token"'],
      ['a deploy token', () => ({ GATEHOUSE_TOKEN: DEPLOY_SECRET }), '"mintedFrom":"deploy_token"'],
      [
        'a deploy token of GitLab',
        () => {
          const { token } = scenario.gitlab.deployToken({ username: 'deployer', scopes: ['read_registry'] });
          return { GATEHOUSE_TOKEN: token, GATEHOUSE_USER: 'deployer' };
        },
        '"mintedFrom":"deploy_token"',
      ],
      ['an ID token', () => ({ GATEHOUSE_TOKEN: scenario.job.idToken() }), '"mintedFrom":"id_token"'],
    ])('takes %s', async (_name, env, expected) => {
      const { code, stdout, stderr } = await job(shell, env()).afterSetup(ME);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(expected);
    });

    test('--help reads no file of a directory that it has not checked', async () => {
      const foreign = job(shell);
      mkdirSync(foreign.directory);
      writeFileSync(join(foreign.directory, 'env'), 'echo EVALUATED\n');
      const { code, stdout, stderr } = await foreign.script('sh "$SETUP" --help');
      expect({ code, stdout, stderr }).toExitWith(0);
      expect(stdout).toContain('usage: sh setup.sh');
      expect(stdout).not.toContain('EVALUATED');
    });

    test("a path with an apostrophe is quoted in the file 'env'", async () => {
      const quoted = job(shell, idToken());
      const builders = join(quoted.folder, "o'brien'$(echo EVALUATED)'");
      mkdirSync(builders);
      const { code, stdout, stderr } = await quoted.afterSetup('printf "%s\\n" "builders=$BUILDX_CONFIG"', {
        BUILDX_CONFIG: builders,
      });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`builders=${builders}\n`);
    });

    test('takes a token of the gateway, which cannot be exchanged again', async () => {
      const first = await job(shell, idToken()).afterSetup('printf "%s" "token=$GATEHOUSE_TOKEN"');
      const GATEHOUSE_TOKEN = first.stdout.split('token=')[1] ?? '';
      const { code, stdout, stderr } = await job(shell, { GATEHOUSE_TOKEN }).afterSetup(
        'cat "$GATEHOUSE_DIR/npmrc"',
      );
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`_authToken=${GATEHOUSE_TOKEN}`);
    });

    test('takes a projected token and reads it again at renewal', async () => {
      const projected = job(shell);
      const file = join(projected.folder, 'projected');
      writeFileSync(file, scenario.job.idToken());
      const env = { GATEHOUSE_TOKEN_FILE: file };
      const { code, stdout, stderr } = await projected.afterSetup(
        [
          'echo "first=$GATEHOUSE_TOKEN"',
          'sh "$SETUP" --renew',
          '. "$GATEHOUSE_DIR/env"',
          'echo "second=$GATEHOUSE_TOKEN"',
        ],
        env,
      );
      expect([code, stderr]).toEqual([0, '']);
      const [, first] = /first=(\S+)/.exec(stdout) ?? [];
      const [, second] = /second=(\S+)/.exec(stdout) ?? [];
      expect(first).toMatch(/^eyJ/);
      expect(second).toMatch(/^eyJ/);
      expect(second).not.toBe(first);
      expect(readFileSync(join(projected.directory, 'npmrc'), 'utf8')).toContain(second);
    });

    test('two jobs on one runner do not see each other', async () => {
      const [one, two] = [job(shell, idToken()), job(shell, idToken())];
      const shared = { TMPDIR: join(one.folder, 'tmp'), HOME: one.home };
      const lines = [
        '. "$SETUP" >/dev/null',
        'touch "$TMPDIR/ready-$ME"',
        'until [ -e "$TMPDIR/ready-$OTHER" ]; do sleep 0.05; done',
        'echo "$GATEHOUSE_DIR $GATEHOUSE_TOKEN $NPM_CONFIG_USERCONFIG"',
      ];
      const outcomes = await Promise.all([
        one.script(lines, { ...shared, ME: '1', OTHER: '2' }),
        two.script(lines, { ...shared, ME: '2', OTHER: '1' }),
      ]);
      const values = outcomes.map(({ stdout }) => stdout.trim().split(' '));
      expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
      for (const index of [0, 1, 2]) expect(values[0]?.[index]).not.toBe(values[1]?.[index]);
      await one.script('sh "$SETUP" --clean', shared);
      expect(existsSync(values[0]?.[0] ?? '')).toBe(false);
      expect(existsSync(join(values[1]?.[0] ?? '', 'npmrc'))).toBe(true);
    });

    test('--dry-run prints clients and files, and writes nothing', async () => {
      const gitlab = job(shell, idToken());
      const { code, stdout, stderr } = await gitlab.script('sh "$SETUP" --dry-run');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('gatehouse: docker: config.json');
      expect(stdout).toContain('gatehouse: npm, pnpm, yarn 1: npmrc');
      expect(stdout).not.toContain('eyJ');
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test('on GitHub, requests the ID token, masks tokens and writes GITHUB_ENV', async () => {
      const asked: (string | undefined)[] = [];
      const service = await startHttpUpstream((req, res) => {
        asked.push(req.url, req.headers.authorization);
        const aud = new URL(req.url ?? '', 'http://x').searchParams.get('audience');
        res.end(JSON.stringify({ count: 1, value: scenario.github.mint({ aud }) }));
      });
      onTestFinished(() => service.close());
      const runner = job(shell, {
        CI_JOB_ID: '',
        CI_PROJECT_DIR: '',
        GITHUB_ACTIONS: 'true',
        GITHUB_RUN_ID: '77',
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_JOB: 'release',
        GATEHOUSE_AUDIENCE: 'https://gateway.example.com',
        ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
      });
      const files = {
        GITHUB_ENV: join(runner.folder, 'github-env'),
        GITHUB_PATH: join(runner.folder, 'github-path'),
      };
      const env = { ...files, RUNNER_TEMP: join(runner.folder, 'tmp'), GITHUB_WORKSPACE: runner.project };
      const { code, stdout, stderr } = await runner.script('sh "$SETUP"', env);
      expect([code, stderr]).toEqual([0, '']);
      expect(asked).toEqual([
        '/token?api-version=2&audience=https%3A%2F%2Fgateway.example.com',
        'Bearer request-token',
      ]);
      const variables = readFileSync(files.GITHUB_ENV, 'utf8');
      const [, token = ''] = /^GATEHOUSE_TOKEN=(.+)$/m.exec(variables) ?? [];
      expect(stdout.split('\n')[0]).toBe(`::add-mask::${token}`);
      expect(stdout.replace(`::add-mask::${token}`, '')).not.toContain(token);
      const [, directory = ''] = /^GATEHOUSE_DIR=(.+)$/m.exec(variables) ?? [];
      expect(directory).toContain('-77-1-release');
      expect(readFileSync(files.GITHUB_PATH, 'utf8')).toBe(`${directory}/bin\n`);
      // A job without `id-token: write`.
      const refused = await runner.script('sh "$SETUP"', { ...env, ACTIONS_ID_TOKEN_REQUEST_URL: '' });
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringMatching(/^::error::gatehouse: .*id-token: write/),
      ]);
    });

    test('a token with a wrong audience: the reason of the gateway, exit code 1, nothing written', async () => {
      const token = scenario.job.idToken({ aud: 'https://other.example.com' });
      const gitlab = job(shell, { GATEHOUSE_ID_TOKEN: token });
      const { code, stdout, stderr } = await gitlab.afterSetup('echo reached');
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^gatehouse: http:\S+ refused the credential \(401\): .*aud.*request id/);
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test('a read-only home directory is not used', async () => {
      const { code, stderr } = await job(shell, idToken()).afterSetup(ME, { HOME: '/proc' });
      expect([code, stderr]).toEqual([0, '']);
    });

    test('a caller without grants: said, exit code 0', async () => {
      const { gitlab } = scenario;
      const idle = gitlab.job({ project: { id: 22, path: 'acme/idle' } });
      const { code, stdout } = await job(shell, { GATEHOUSE_ID_TOKEN: idle.idToken() }).afterSetup('true');
      expect([code, stdout]).toEqual([0, expect.stringContaining('no service is granted')]);
    });

    test('an unreachable gateway: exit code 3, nothing written', async () => {
      const gitlab = job(shell, { ...idToken(), GATEHOUSE_URL: 'http://127.0.0.1:1' });
      const { code, stderr } = await gitlab.script('. "$SETUP"');
      expect([code, stderr]).toEqual([3, expect.stringContaining('no response from http://127.0.0.1:1')]);
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test('a URL without the endpoints of the gateway: exit code 2, nothing written', async () => {
      const server = await startHttpUpstream((_req, res) => res.writeHead(404).end('not found'));
      onTestFinished(() => server.close());
      const gitlab = job(shell, { ...idToken(), GATEHOUSE_URL: server.url });
      const { code, stderr } = await gitlab.script('. "$SETUP"');
      expect([code, stderr]).toEqual([
        2,
        `gatehouse: ${server.url} has no endpoint of Gatehouse (404); set GATEHOUSE_URL to server.publicUrl of the gateway\n`,
      ]);
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test.each([
      ['a command', 'npm\tnpm\thttp://x/$(touch owned)/\tread\t**\n'],
      ['a quote', "npm\tnpm\thttp://x/'; touch owned; '\tread\t%2A\n"],
      ['a further line of a file', 'npm\tnpm\thttp://x/ registry=http://evil/\tread\t%2A\n'],
    ])('a response with %s: exit code 1, nothing written', async (_name, tsv) => {
      const server = await startHttpUpstream((req, res) =>
        res.end(req.url === '/oauth/token' ? '{"access_token":"a.b.c","expires_in":900}' : tsv),
      );
      onTestFinished(() => server.close());
      const gitlab = job(shell, { ...idToken(), GATEHOUSE_URL: server.url });
      const { code, stderr } = await gitlab.script('. "$SETUP"');
      expect([code, stderr]).toEqual([1, 'gatehouse: the list of services is malformed\n']);
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test('a gateway that cannot decide: its reason, exit code 3, nothing written', async () => {
      const asked: (string | undefined)[] = [];
      const server = await startHttpUpstream((req, res) => {
        asked.push(req.url);
        res
          .writeHead(503)
          .end('{"error":"temporarily_unavailable","error_description":"The keys are\\u001b unavailable."}');
      });
      onTestFinished(() => server.close());
      const gitlab = job(shell, { ...idToken(), GATEHOUSE_URL: server.url });
      const { code, stderr } = await gitlab.script('. "$SETUP"');
      expect([code, stderr]).toEqual([
        3,
        expect.stringMatching(/ \(503\): The keys are\S* unavailable\.\n$/),
      ]);
      expect(asked).toEqual(['/oauth/token', '/oauth/token', '/oauth/token']);
      expect(gitlab.filesWith('')).toEqual([]);
    });

    test.each([
      ['no URL', { GATEHOUSE_URL: '' }, 'GATEHOUSE_URL is not set'],
      [
        'plain http to another machine',
        { GATEHOUSE_URL: 'http://gateway.example.com' },
        'must start with https://',
      ],
      [
        'a URL with a quote',
        { GATEHOUSE_URL: 'https://x/"\nurl="http://evil' },
        'GATEHOUSE_URL must be a URL',
      ],
      ['no credential', { GATEHOUSE_ID_TOKEN: '' }, 'no credential: set GATEHOUSE_TOKEN'],
      [
        'a token with a quote',
        { GATEHOUSE_ID_TOKEN: 'x"\nurl = "http://evil' },
        'contains characters that no token contains',
      ],
      [
        'a missing token file',
        { GATEHOUSE_ID_TOKEN: '', GATEHOUSE_TOKEN_FILE: '/nonexistent' },
        'cannot be read',
      ],
      [
        'a user name with a quote',
        { GATEHOUSE_TOKEN: 'gldt-x', GATEHOUSE_USER: 'x"' },
        'GATEHOUSE_USER contains characters',
      ],
      ['a directory in the project', { GATEHOUSE_DIR: '$PROJECT/x' }, 'is in the project'],
      ['a directory with a space', { GATEHOUSE_DIR: '/tmp/a b' }, 'GATEHOUSE_DIR must be an absolute path'],
      ['a read-only place', { GATEHOUSE_DIR: '/proc/gatehouse' }, 'cannot be created'],
      ['an image without curl', { PATH: '$BIN' }, 'curl is not installed'],
    ])('%s: exit code 2, nothing written', async (_name, env, message) => {
      const gitlab = job(shell, idToken());
      const bin = join(gitlab.folder, 'bin');
      mkdirSync(bin);
      for (const program of ['id', 'cat', 'tr', 'sed', 'rm', 'sh', 'busybox', 'dash', 'bash'])
        symlinkSync(`/usr/bin/${program}`, join(bin, program));
      const values = Object.entries(env).map(([name, value]) => [
        name,
        value.replace('$PROJECT', gitlab.project).replace('$BIN', bin),
      ]);
      const { code, stderr } = await gitlab.script(
        '. "$SETUP"',
        Object.fromEntries(values) as NodeJS.ProcessEnv,
      );
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
      expect(existsSync(gitlab.directory)).toBe(false);
    });

    test('a directory that is a link: exit code 2, its target is unchanged', async () => {
      const gitlab = job(shell, idToken());
      const target = join(gitlab.folder, 'target');
      mkdirSync(target);
      symlinkSync(target, gitlab.directory);
      for (const option of ['', ' --clean']) {
        const { code, stderr } = await gitlab.script(`sh "$SETUP"${option}`);
        expect([code, stderr]).toEqual([2, expect.stringContaining('is not a directory of this user')]);
      }
      expect(existsSync(target)).toBe(true);
    });

    test('--clean removes only a directory of the script', async () => {
      const gitlab = job(shell);
      const { code, stderr } = await gitlab.script('sh "$SETUP" --clean', { GATEHOUSE_DIR: gitlab.home });
      expect([code, stderr]).toEqual([2, expect.stringContaining('was not created by setup.sh')]);
      expect(existsSync(gitlab.home)).toBe(true);
    });
  });

  test('writes the same configuration for every service type in all shells', async () => {
    const written = await Promise.all(
      NAMES.map(async (shell) => {
        const all = job(shell, {
          GATEHOUSE_ID_TOKEN: scenario.gitlab.job({ project: { id: 23, path: 'acme/all' } }).idToken(),
        });
        const { code, stderr } = await all.afterSetup('true');
        expect([code, stderr]).toEqual([0, '']);
        const [token = ''] = readFileSync(join(all.directory, 'token'), 'utf8').split('\n');
        const files = readdirSync(all.directory, { withFileTypes: true })
          .filter((entry) => entry.isFile() && !['source', 'token'].includes(entry.name))
          .map(({ name }) => {
            const text = readFileSync(join(all.directory, name), 'utf8');
            return [name, text.replaceAll(token, 'TOKEN').replaceAll(all.directory, 'DIR')];
          });
        return Object.fromEntries(files) as Record<string, string>;
      }),
    );
    const [first = {}, ...others] = written;
    expect(Object.keys(first).toSorted()).toEqual([
      'NuGet.Config',
      'apt-auth.conf',
      'apt.conf',
      'config.json',
      'env',
      'gatehouse.repo',
      'gemrc',
      'netrc',
      'npmrc',
      'registries',
      'repositories.yaml',
      'settings.xml',
      'variables',
    ]);
    for (const other of others) expect(other).toEqual(first);
    for (const client of [
      'CARGO_',
      'DNF_VAR_',
      'GOPROXY',
      'GIT_CONFIG_',
      'ORG_GRADLE_',
      'PIP_',
      'POETRY_',
      'TF_HTTP_',
      'TWINE_',
      'UV_',
      'YARN_',
    ])
      expect(first['variables']).toContain(`\n${client}`);
  });
});
