import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { findTool } from './tools.ts';

export interface TestPrometheus {
  /** What an expression is worth now: one number per series. */
  query(expression: string): Promise<readonly Sample[]>;
  /** Whether each target was reached, and if not, why. */
  targets(): Promise<readonly { readonly health: string; readonly lastError: string }[]>;
  /** Names of the alerts that it would raise, each with whether its rule could be evaluated. */
  rules(): Promise<readonly { readonly name: string; readonly health: string }[]>;
  close(): Promise<void>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Debian's Prometheus with a separate data folder; `config` as in prometheus.yml. */
export async function startPrometheus(config: object): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-prometheus-'));
  const host = `127.0.0.1:${await freePort()}`;
  // YAML takes JSON.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    findTool('prometheus') ?? 'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${host}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually(
    'prometheus is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended:\n${log}`);
      const answer = await fetch(`http://${host}/-/ready`).catch(() => undefined);
      return answer?.ok;
    },
    20_000,
  );
  const ask = async (path: string): Promise<unknown> => {
    const answer = (await (await fetch(`http://${host}/api/v1/${path}`)).json()) as { data: unknown };
    return answer.data;
  };
  return {
    async query(expression) {
      const data = await ask(`query?query=${encodeURIComponent(expression)}`);
      return (data as { result: readonly Sample[] }).result;
    },
    async targets() {
      const data = await ask('targets');
      return (data as { activeTargets: readonly { health: string; lastError: string }[] }).activeTargets;
    },
    async rules() {
      const data = await ask('rules');
      return (
        data as { groups: readonly { rules: readonly { name: string; health: string }[] }[] }
      ).groups.flatMap(({ rules }) => rules);
    },
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
