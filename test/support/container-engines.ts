import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { run, type Outcome } from './run.ts';
import { findTool, type Tool } from './tools.ts';

/** A daemon with its own state, and its command line. */
export interface ContainerEngine {
  /** `ctr` or `docker`. */
  run(...args: readonly string[]): Promise<Outcome>;
  close(): Promise<void>;
}

/** containerd without plugins for containers; clients use its content store. */
export function startContainerd(): Promise<ContainerEngine> {
  return startEngine('containerd', 'ctr', (folder) => {
    const config = join(folder, 'config.toml');
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const socket = join(folder, 'containerd.sock');
    return {
      daemon: ['--config', config, '--root', join(folder, 'root'), '--state', join(folder, 'state')].concat(
        '--address',
        socket,
      ),
      client: ['--address', socket],
    };
  });
}

/** The Docker engine without networking for containers. It accepts registries on loopback over http. */
export function startDockerd(): Promise<ContainerEngine> {
  return startEngine('dockerd', 'docker', (folder) => {
    const socket = `unix://${join(folder, 'docker.sock')}`;
    return {
      daemon: [
        '--iptables=false',
        '--bridge=none',
        '--storage-driver=vfs',
        `--host=${socket}`,
        `--data-root=${join(folder, 'root')}`,
        `--exec-root=${join(folder, 'state')}`,
        `--pidfile=${join(folder, 'docker.pid')}`,
      ],
      client: ['--config', join(folder, 'client'), '--host', socket],
    };
  });
}

interface Arguments {
  readonly daemon: readonly string[];
  /** Before every command. */
  readonly client: readonly string[];
}

async function startEngine(
  daemon: Tool,
  client: Tool,
  argumentsIn: (folder: string) => Arguments,
): Promise<ContainerEngine> {
  const folder = mkdtempSync(join(tmpdir(), `gatehouse-${daemon}-`));
  mkdirSync(join(folder, 'client'));
  const args = argumentsIn(folder);
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, HOME: folder };
  const child = spawn(findTool(daemon) ?? daemon, args.daemon, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const command = (...words: readonly string[]): Promise<Outcome> =>
    run(findTool(client) ?? client, [...args.client, ...words], { env, cwd: folder });
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`${daemon} ended:\n${log}`);
    return (await command('version')).code === 0;
  };
  await eventually(`${daemon} to answer`, answers, 30_000);
  return { run: command, close };
}
