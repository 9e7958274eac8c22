import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Gateway } from '../../src/app/build.ts';
import type { Clock } from '../../src/core/ports.ts';
import { formatProblem, loadConfig } from '../../src/config/index.ts';
import { eventually } from './eventually.ts';

export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  /** Folder of the configuration; relative files start here. */
  readonly folder: string;
  readonly gateway: Gateway;
  /** The audit events so far, once `count` of them (default: one more than before) have reached the file. */
  audit(count?: number): Promise<AuditLine[]>;
  /** The audit event of one request, once it has reached the file. */
  audited(requestId: string | null | undefined): Promise<AuditLine>;
  /** Text of the audit file as it is. */
  auditText(): string;
  /** Puts a changed configuration in force, as if the file had been edited; what came of it. */
  reload(edit: (yaml: string) => string): Promise<boolean>;
  close(): Promise<void>;
}

export type AuditLine = Readonly<Record<string, unknown>> & {
  readonly event: { readonly reason: string; readonly outcome: string; readonly type: readonly string[] };
  readonly gatehouse: Readonly<Record<string, unknown>>;
};

/**
 * A gateway in this process, on free loopback ports, from a configuration as users write it. `yaml` is what
 * stands below `server`, `logs` and `audit`, which are set here unless it brings its own.
 */
export async function startGateway(
  yaml: string,
  options: {
    files?: Readonly<Record<string, string>>;
    server?: string;
    env?: Readonly<Record<string, string>>;
    clock?: Clock;
  } = {},
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  for (const [name, content] of Object.entries(options.files ?? {}))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(
    file,
    `version: 1\n${options.server ?? SERVER}${DEFAULTS.filter(([key]) => !yaml.includes(`\n${key}:`))
      .map(([, text]) => text)
      .join('')}${yaml}\n`,
  );
  const loaded = loadConfig(file, options.env ?? {});
  if (!loaded.ok) throw new Error(`test configuration:\n${loaded.problems.map(formatProblem).join('\n')}`);
  const gateway = build(loaded.config, { version: 'test', ...(options.clock && { clock: options.clock }) });
  const { server, admin } = await gateway.start();
  const auditFile = join(folder, 'audit.log');
  const auditText = (): string => readFileSync(auditFile, 'utf8');
  let seen = 0;

  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    adminUrl: `http://127.0.0.1:${admin.port}`,
    folder,
    gateway,
    auditText,
    reload(edit) {
      writeFileSync(file, edit(readFileSync(file, 'utf8')));
      return gateway.reload(() => loadConfig(file, options.env ?? {}));
    },
    async audit(count = seen + 1) {
      for (let attempt = 0; attempt < 250; attempt++) {
        const lines = auditText().split('\n').filter(Boolean);
        if (lines.length >= count) {
          seen = lines.length;
          return lines.map((line) => JSON.parse(line) as AuditLine);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`waited in vain for ${count} audit events:\n${auditText()}`);
    },
    audited: (requestId) =>
      eventually('the audit event of the request', () => {
        const id = requestId ?? 'no request id';
        const line = auditText()
          .split('\n')
          .find((text) => text.includes(id) && text.endsWith('}'));
        return line === undefined ? undefined : (JSON.parse(line) as AuditLine);
      }),
    async close() {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that stops quickly. */
const SERVER = `server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 500ms }
`;

const DEFAULTS: readonly (readonly [string, string])[] = [
  ['state', 'state: { sqlite: { file: state.db } }\n'],
  ['logs', 'logs: { level: "off" }\n'],
  ['audit', 'audit: { file: audit.log }\n'],
];
