import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from './free-port.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { useStarted } from './use-started.ts';

export interface Tutorial {
  /** The path of a file in the folder of the tutorial. */
  file(name: string): string;
  /** The port of this run for a port of the page. */
  port(port: string): number | undefined;
  /** A text of the page with the ports and the secret of this run. */
  adapted(text: string): string;
  /** Replaces the placeholder of the secret from now on. */
  useSecret(secret: string): void;
  /** Runs commands of the page with bash. */
  shell(script: string): Promise<Outcome>;
  /** Starts commands of which the last one keeps running; returns the output so far. */
  startShell(script: string): () => string;
}

/** Runs the commands of a page as written, except for ports and the placeholder of the secret. */
export function useTutorial(name: string, ports: readonly string[], placeholder: string): Tutorial {
  const folder = useStarted(() => Promise.resolve(temporaryFolder(name)));
  const chosen = new Map<string, number>();
  const running: { stop(): Promise<unknown> }[] = [];
  const inUrl = new RegExp(String.raw`(?<=127\.0\.0\.1:|listen\()(${ports.join('|')})\b`, 'g');
  let secret = '';
  const file = (each: string): string => join(folder.path, each);
  /** Programs in `bin` replace others of the same name. */
  const env = (): NodeJS.ProcessEnv => ({
    PATH: [file('bin'), dirname(process.execPath), process.env['PATH']].join(':'),
    HOME: '/nonexistent',
  });

  beforeAll(async () => {
    for (const port of ports) chosen.set(port, await freePort());
    mkdirSync(file('bin'));
    symlinkSync(join(ROOT, 'bin/gatehouse'), file('bin/gatehouse'));
  });
  afterAll(() => Promise.all(running.map((process) => process.stop())));

  const adapted = (text: string): string =>
    text.replaceAll(inUrl, (port) => String(chosen.get(port))).replaceAll(placeholder, secret);

  return {
    file,
    port: (port) => chosen.get(port),
    adapted,
    useSecret: (value) => void (secret = value),
    shell: (script) =>
      run('bash', ['--norc', '-euo', 'pipefail', '-c', adapted(script)], { cwd: folder.path, env: env() }),
    startShell(script) {
      const lines = script.trimEnd().split('\n');
      const last = `exec ${lines.pop()}`;
      const child = spawn('bash', ['--norc', '-euc', adapted([...lines, last].join('\n'))], {
        cwd: folder.path,
        env: env(),
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
    },
  };
}
