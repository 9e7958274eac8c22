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
  /** Port, or path of the socket, of `server.authorizer`; undefined without it. */
  readonly authorizer: number | string | undefined;
  /** Folder of the configuration file; relative paths resolve against it. */
  readonly folder: string;
  readonly gateway: Gateway;
  /** Waits until the audit file holds `count` events (default: one more than last time) and returns all. */
  audit(count?: number): Promise<AuditLine[]>;
  /** Waits for the audit event of one request. */
  audited(requestId: string | null | undefined): Promise<AuditLine>;
  /** The current text of the audit file. */
  auditText(): string;
  /** Edits the configuration file and reloads; returns whether the new configuration became active. */
  reload(edit: (yaml: string) => string): Promise<boolean>;
  close(): Promise<void>;
}

export type AuditLine = Readonly<Record<string, unknown>> & {
  readonly event: { readonly reason: string; readonly outcome: string; readonly type: readonly string[] };
  readonly gatehouse: Readonly<Record<string, unknown>>;
};

/**
 * Starts a gateway in this process on free loopback ports. `yaml` is the configuration below `server`; `state`,
 * `logs` and `audit` have defaults that it may replace.
 */
export async function startGateway(
  yaml: string,
  options: {
    files?: Readonly<Record<string, string>>;
    server?: string | ServerOptions;
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
    `version: 1\n${serverBlock(options.server ?? {})}${DEFAULTS.filter(([key]) => !yaml.includes(`\n${key}:`))
      .map(([, text]) => text)
      .join('')}${yaml}\n`,
  );
  const loaded = loadConfig(file, options.env ?? {});
  if (loaded.kind === 'invalid')
    throw new Error(`test configuration:\n${loaded.problems.map(formatProblem).join('\n')}`);
  const gateway = await build(loaded.config, {
    version: 'test',
    ...(options.clock && { clock: options.clock }),
  });
  const { server, admin, authorizer } = await gateway.start();
  const auditFile = join(folder, 'audit.log');
  const auditText = (): string => readFileSync(auditFile, 'utf8');
  let seen = 0;

  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    adminUrl: `http://127.0.0.1:${admin.port}`,
    authorizer: authorizer && ('path' in authorizer ? authorizer.path : authorizer.port),
    folder,
    gateway,
    auditText,
    reload(edit) {
      writeFileSync(file, edit(readFileSync(file, 'utf8')));
      return gateway.reload(() => loadConfig(file, options.env ?? {}));
    },
    async audit(count = seen + 1) {
      const lines = await eventually(`${count} audit events`, () => {
        const written = auditText().split('\n').filter(Boolean);
        return written.length >= count && written;
      });
      seen = lines.length;
      return lines.map((line) => JSON.parse(line) as AuditLine);
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

/** Keys of `server` that a test changes, as YAML flow; `limits` and `admin` extend the defaults. */
export interface ServerOptions {
  /** Default: https://gateway.example.com. */
  readonly publicUrl?: string;
  /** `authFailures: { perAddress: 1000 }`; a drain of 500 ms precedes it. */
  readonly limits?: string;
  /** `tokenFile: admin-token`. */
  readonly admin?: string;
  /** Further keys of `server`, one per line: `trustedProxies: [127.0.0.1]`. */
  readonly more?: readonly string[];
}

/** The `server` block: loopback ports chosen by the kernel, and a short drain so that tests stop quickly. */
function serverBlock(server: string | ServerOptions): string {
  if (typeof server === 'string') return server;
  const { publicUrl = 'https://gateway.example.com', limits, admin, more = [] } = server;
  const extend = (text: string | undefined): string => (text === undefined ? '' : `, ${text}`);
  return [
    'server:',
    '  listen: 127.0.0.1:0',
    `  publicUrl: ${publicUrl}`,
    `  admin: { listen: 127.0.0.1:0${extend(admin)} }`,
    `  limits: { drain: 500ms${extend(limits)} }`,
    ...more.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

const DEFAULTS: readonly (readonly [string, string])[] = [
  ['state', 'state: { sqlite: { file: state.db } }\n'],
  ['logs', 'logs: { level: "off" }\n'],
  ['audit', 'audit: { file: audit.log }\n'],
];
