import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';
import { closeAfterTest } from './clean-up.ts';
import type { JobScenario } from './scenario/job.ts';
import type { Backends } from './scenario.ts';
import { findTool } from './tools.ts';

const SETUP = join(ROOT, 'ci-templates/setup.sh');

/** The shells that a job image can have. */
export const SHELLS = {
  dash: ['dash'],
  busybox: ['busybox', 'ash'],
  bash: ['bash', '-o', 'pipefail'],
} as const;

export type ShellName = keyof typeof SHELLS;

/** A CI job with its project, its home directory and its temporary directory. */
export interface SetupJob {
  readonly folder: string;
  readonly project: string;
  readonly home: string;
  /** The private directory of the script. */
  readonly directory: string;
  /** Runs lines as a GitLab runner does: in one shell, which stops at the first failure. */
  script(lines: string | readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Sources the script, then runs the lines. */
  afterSetup(lines: string | readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** The files below the temporary directory, the home directory and the project that contain the text. */
  filesWith(text: string): readonly string[];
}

/** The job of the scenario, with its ID token. */
export function startScenarioJob(
  { gateway, job }: Pick<JobScenario<Backends>, 'gateway' | 'job'>,
  shell: ShellName,
  env: NodeJS.ProcessEnv = {},
): SetupJob {
  return startSetupJob(shell, { GATEHOUSE_URL: gateway.url, GATEHOUSE_ID_TOKEN: job.idToken(), ...env });
}

let nextId = 1;

/** Its files are removed after the test. */
export function startSetupJob(shell: ShellName, env: NodeJS.ProcessEnv): SetupJob {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-setup-'));
  const [project, home, temporary] = ['builds/acme/payments', 'home', 'tmp'].map((name) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }) as [string, string, string];
  const id = String(nextId++);
  const path = env['PATH'] ?? process.env['PATH'] ?? '';
  const base = {
    HOME: home,
    TMPDIR: temporary,
    CI_JOB_ID: id,
    CI_PROJECT_DIR: project,
    SETUP,
    ...env,
    PATH: shell === 'busybox' ? `${busyboxPrograms(folder)}:${path}` : path,
  };
  const script: SetupJob['script'] = (lines, more = {}) => {
    const [program, ...options] = SHELLS[shell];
    const text = typeof lines === 'string' ? lines : lines.join('\n');
    return run(program, [...options, '-e', '-c', text], { cwd: project, env: { ...base, ...more } });
  };
  closeAfterTest({ close: () => rmSync(folder, { recursive: true, force: true }) });
  return {
    folder,
    project,
    home,
    directory: join(temporary, `gatehouse-${process.getuid?.() ?? 0}-${id}`),
    script,
    afterSetup: (lines, more) =>
      script(['. "$SETUP"', ...(typeof lines === 'string' ? [lines] : lines)], more),
    filesWith: (text) =>
      filesBelow(folder)
        .filter((file) => readFileSync(file, 'latin1').includes(text))
        .map((file) => file.slice(folder.length + 1)),
  };
}

/** A folder with the programs of busybox that the script uses, as in Alpine Linux. */
function busyboxPrograms(folder: string): string {
  const programs = join(folder, 'busybox');
  mkdirSync(programs);
  for (const name of 'cat chmod date grep id mkdir mv rm sed sh sleep sort tr'.split(' '))
    symlinkSync(findTool('busybox') ?? 'busybox', join(programs, name));
  return programs;
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile() === true);
}
