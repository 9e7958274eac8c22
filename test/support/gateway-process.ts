import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

/** Many processes start the same program: they share its compiled form, as in the image. */
const ENVIRONMENT = { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/gatehouse-tests') };

/** Where a store is made that no configuration names. */
const SCRATCH = mkdtempSync(join(tmpdir(), 'gatehouse-cwd-'));

export type LogRecord = Readonly<Record<string, unknown>> & { readonly message: string };

export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly pid: number;
  /** The application log so far. */
  log(): readonly LogRecord[];
  /** Text of both streams so far, as it is. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves with the exit code. */
  signal(name: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

/** `gatehouse serve`, as an operator starts it. The configuration names port 0; the log tells what became of it. */
export async function startGatewayProcess(
  config: string,
  env: NodeJS.ProcessEnv = {},
  /** A program with its arguments that becomes the gateway: `setpriv`, `unshare`. */
  through: readonly string[] = [],
): Promise<GatewayProcess> {
  const node = [process.execPath, join(ROOT, 'src/main.ts'), 'serve', '--config', config];
  const [program = process.execPath, ...args] = [...through, ...node];
  const child = spawn(program, args, {
    // The default store is made in the working directory, one process per file.
    cwd: statSync(config).isDirectory() ? config : dirname(config),
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const log = (): readonly LogRecord[] =>
    stderr
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogRecord);

  const started = await new Promise<{ port: number; adminPort: number }>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const server = log().find(({ message }) => message === 'listening');
      const admin = log().find(({ message }) => message === 'admin listener is up');
      if (server === undefined || admin === undefined) return;
      resolve({
        port: Number(String(server['address']).split(':').at(-1)),
        adminPort: Number(admin['port']),
      });
    });
    void exited.then((code) => reject(new Error(`the gateway did not start (exit ${code}):\n${stderr}`)));
  });

  return {
    url: `http://127.0.0.1:${started.port}`,
    port: started.port,
    adminUrl: `http://127.0.0.1:${started.adminPort}`,
    pid: child.pid ?? 0,
    log,
    output: () => ({ stdout, stderr }),
    signal(name) {
      child.kill(name);
      return exited;
    },
    async close() {
      await stop(child, exited);
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await exited;
}

/** One command line to its end. */
export function gatehouse(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, [join(ROOT, 'src/main.ts'), ...args], { env: ENVIRONMENT, cwd: SCRATCH });
}
