import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { run, type Outcome } from './run.ts';
import { findTool, type Tool } from './tools.ts';

/** A running engine with separate folders, and its client. */
export interface ContainerEngine {
  /** One command of the engine's client: `docker` or `ctr`. */
  run(...args: readonly string[]): Promise<Outcome>;
  /** Arguments of the client before its command. */
  readonly clientArgs: readonly string[];
  close(): Promise<void>;
}

/**
 * Debian's docker engine, without networking for containers. It accepts registries on loopback over http. `docker`
 * keeps its logins in `dockerConfig`, by default in a folder of the engine.
 */
export function startDockerd(dockerConfig?: string): Promise<ContainerEngine> {
  return startEngine('dockerd', (folder) => {
    const socket = `unix://${folder}/docker.sock`;
    return {
      args: [
        `--host=${socket}`,
        `--data-root=${folder}/data`,
        `--exec-root=${folder}/exec`,
        `--pidfile=${folder}/docker.pid`,
        '--iptables=false',
        '--bridge=none',
        '--storage-driver=vfs',
      ],
      client: 'docker',
      clientArgs: ['--host', socket, '--config', dockerConfig ?? join(folder, 'client')],
      ready: ['version'],
    };
  });
}

/** Debian's containerd without plugins for containers; clients use its content store. */
export function startContainerd(): Promise<ContainerEngine> {
  return startEngine('containerd', (folder) => {
    const config = join(folder, 'config.toml');
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const socket = join(folder, 'containerd.sock');
    return {
      args: [
        '--config',
        config,
        '--root',
        join(folder, 'root'),
        '--state',
        join(folder, 'state'),
        '--address',
        socket,
      ],
      client: 'ctr',
      clientArgs: ['--address', socket],
      ready: ['version'],
    };
  });
}

interface Engine {
  readonly args: readonly string[];
  readonly client: Tool;
  readonly clientArgs: readonly string[];
  /** A command that succeeds when the engine accepts requests. */
  readonly ready: readonly string[];
}

async function startEngine(program: Tool, prepare: (folder: string) => Engine): Promise<ContainerEngine> {
  const folder = mkdtempSync(join(tmpdir(), `gatehouse-${program}-`));
  mkdirSync(join(folder, 'client'));
  const { args, client, clientArgs, ready } = prepare(folder);
  const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`, HOME: folder };
  const child = spawn(findTool(program) ?? program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const runClient = (...command: readonly string[]): Promise<Outcome> =>
    run(findTool(client) ?? client, [...clientArgs, ...command], { cwd: folder, env });
  try {
    await eventually(
      `${program} to answer`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${program} ended:\n${log}`);
        return (await runClient(...ready)).code === 0 ? true : undefined;
      },
      30_000,
    );
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
  return {
    run: runClient,
    clientArgs,
    async close() {
      await stop(child, ended);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}
