import { readFileSync } from 'node:fs';
import type { Config } from '../../config/serving.ts';
import { GatehouseError } from '../../core/errors.ts';
import { parseListenAddress } from '../../util/http/listen-address.ts';

/** Milliseconds; a state file of 50 MB takes about a second. */
const DEADLINE = 120_000;

/** Makes the running gateway write a backup next to its state file, and returns the path of the backup. */
export async function requestBackup({ server: { admin } }: Config, url: string | undefined): Promise<string> {
  const base = url ?? adminUrl(admin.listen);
  const failed = (problem: string, cause?: unknown): GatehouseError =>
    new GatehouseError('store_unavailable', `the gateway at ${base} ${problem}`, { cause });
  const response = await fetch(new URL('/state/backup', base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...authorization(admin) },
    body: '{}',
    redirect: 'error',
    signal: AbortSignal.timeout(DEADLINE),
  }).catch((cause: unknown) => {
    throw failed('does not respond; name its admin listener with --url', cause);
  });
  const body = (await response.json().catch(() => ({}))) as { file?: string; message?: string };
  if (response.status !== 201 || body.file === undefined) {
    throw failed(`made no backup (status ${response.status}): ${body.message ?? 'no message'}`);
  }
  return body.file;
}

function adminUrl(listen: string): string {
  const { host, port } = parseListenAddress(listen);
  const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${local.includes(':') ? `[${local}]` : local}:${port}`;
}

function authorization({
  token,
  tokenFile,
  tokenFromVault,
}: Config['server']['admin']): Readonly<Record<string, string>> {
  if (tokenFromVault !== undefined) {
    const message =
      'server.admin.tokenFromVault is not read by commands: send POST /state/backup with the token';
    throw new GatehouseError('usage', message);
  }
  const secret = tokenFile === undefined ? token : readFileSync(tokenFile, 'utf8').trim();
  return secret === undefined ? {} : { Authorization: `Bearer ${secret}` };
}
