import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeAfterTest } from '../clean-up.ts';
import { startGatewayProcess, type GatewayProcess } from '../gateway-process.ts';
import { startBackends, type Backends, type ScenarioOptions } from '../scenario.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface ProcessScenarioOptions<B extends Backends> {
  /** As in `startScenario`. */
  readonly backends: ScenarioOptions<B>['backends'];
  /** The configuration below `server`, as YAML, from the started backends and the folder of the configuration. */
  readonly config: (backends: B, folder: string) => string;
  /** Keys of `server.limits`, as YAML flow. */
  readonly limits?: string;
  /** A port that several processes share with `reusePort`. Default: a free port per process. */
  readonly sharedPort?: number;
  /** Environment variables of the gateway. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Files next to the configuration, by name, from the started backends. */
  readonly files?: (backends: B) => Readonly<Record<string, string>>;
  /** The gateway gets the folder, so that its YAML files are the configuration too. */
  readonly directory?: boolean;
  /** A program with its arguments that becomes the gateway; gets the folder of the configuration. */
  readonly through?: (folder: string) => readonly string[];
}

/** A gateway as a process, as operators start it, and the servers around it by their names. */
export type ProcessScenario<B extends Backends> = B & {
  readonly gateway: GatewayProcess;
  /** The folder of the configuration. */
  readonly folder: string;
  /** The configuration: `gatehouse.yaml`, or the folder with `directory`. */
  readonly file: string;
  /** Starts another process with the same configuration; the scenario closes it. */
  another(): Promise<GatewayProcess>;
  /** Kills the processes, then stops the backends that the scenario started. Repeated calls have no effect. */
  close(): Promise<void>;
};

/** Like `startScenario`, with the gateway as a process. */
export async function startProcessScenario<B extends Backends>(
  options: ProcessScenarioOptions<B>,
): Promise<ProcessScenario<B>> {
  const { backends, closeBackends } = await startBackends(options.backends);
  const { path: folder, close: removeFolder } = temporaryFolder('process');
  const main = join(folder, 'gatehouse.yaml');
  const file = options.directory === true ? folder : main;
  for (const [name, text] of Object.entries(options.files?.(backends) ?? {}))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  writeFileSync(main, `version: 1\n${serverBlock(options)}${options.config(backends, folder)}\n`);

  const started: GatewayProcess[] = [];
  async function another(): Promise<GatewayProcess> {
    const gateway = await startGatewayProcess(file, options.environment, options.through?.(folder));
    started.push(gateway);
    return gateway;
  }
  async function close(): Promise<void> {
    await Promise.all(started.map((gateway) => gateway.close()));
    await closeBackends();
    removeFolder();
  }
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closed ??= close());
  closeAfterTest({ close: closeOnce });
  return { ...backends, gateway: await another(), folder, file, another, close: closeOnce };
}

function serverBlock(options: { readonly limits?: string; readonly sharedPort?: number }): string {
  return `server:
  listen: 127.0.0.1:${options.sharedPort ?? 0}
  reusePort: ${options.sharedPort !== undefined}
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { ${options.limits ?? ''} }
`;
}
