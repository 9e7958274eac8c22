import type { Clock, EgressBodyClient, EgressResponse, Log } from '../core/ports.ts';
import { vaultFault, type VaultFault, type VaultSettings } from '../core/vault.ts';

export interface VaultPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds, bytes. */
const DEADLINE = 5_000;
const MAX_BYTES = 256 * 1024;

export interface VaultCall {
  readonly method: 'GET' | 'POST';
  /** Below `/v1/`; its segments are percent-encoded. */
  readonly path: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Sends one request to the vault; `unreachable` also when the vault cannot serve it now. */
export type CallVault = (call: VaultCall) => Promise<EgressResponse | VaultFault>;

export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

export function createCall(
  { address, namespace, caFile }: VaultSettings,
  user: string,
  { egress }: Pick<VaultPorts, 'egress'>,
): CallVault {
  const base = `${address.replace(/\/+$/, '')}/v1/`;
  return async ({ method, path, token, body }) => {
    const headers = {
      // A Vault Agent may require it, against requests that a server was made to send.
      'x-vault-request': 'true',
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      ...(token === undefined ? {} : { 'x-vault-token': token }),
    };
    const limits = { deadline: DEADLINE, maxBytes: MAX_BYTES };
    const request = { url: base + path, headers, caFile, pool: `vault, ${user}` as const, ...limits };
    const result =
      method === 'GET' ? await egress.get(request) : await egress.post({ ...request, json: body ?? {} });
    if (result.kind !== 'response') return vaultFault('unreachable', `the vault: ${result.detail}`);
    const unavailable = UNAVAILABLE.get(result.status);
    return unavailable === undefined ? result : vaultFault('unreachable', unavailable);
  };
}

/** https://openbao.org/api-docs/#http-status-codes */
const UNAVAILABLE: ReadonlyMap<number, string> = new Map([
  [429, 'the vault responded with 429: its rate limit quota is exhausted'],
  [500, 'the vault responded with 500'],
  [502, 'the vault responded with 502'],
  [503, 'the vault responded with 503: it is sealed or in maintenance'],
  [504, 'the vault responded with 504'],
]);
