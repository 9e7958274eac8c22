import { mkdtempSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import type { TestIssuer } from './issuer.ts';
import { startPythonServer } from './python.ts';

export const VAULT_AUDIENCE = 'vault.example.com';

export interface OpenBao {
  readonly url: string;
  /** A request with the root token, or another one; undefined for an empty response. Fails for an error status. */
  call(
    method: string,
    path: string,
    body?: object,
    options?: { readonly namespace?: string; readonly token?: string },
  ): Promise<BaoResponse>;
  /** Enables the JWT auth method, with the role `gatehouse`, which may read every path, and a mount `kv1`. */
  acceptJwt(issuer: TestIssuer, role?: object, namespace?: string): Promise<void>;
  /** Writes the fields of a secret in the key/value engine of version 2 at `secret`. */
  write(name: string, fields: Readonly<Record<string, string>>, namespace?: string): Promise<void>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** Kills the process. */
  kill(): Promise<void>;
  /** Starts it again on the same port, without its former content: a development server has no storage. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

interface BaoResponse {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly auth?: { readonly client_token: string };
}

const ROOT_TOKEN = 'canary-root-token';
const READ_ALL =
  'path "*" { capabilities = ["read"] }\npath "sys/leases/renew" { capabilities = ["update"] }';

/** OpenBao as a development server: unsealed, in memory, with the root token. */
export async function startOpenBao(): Promise<OpenBao> {
  let port = await freePort();
  // It also listens on the next port.
  if (port % 2 === 1) port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-openbao-'));
  let server = await start();

  function start(): ReturnType<typeof startPythonServer> {
    const args = ['server', '-dev', `-dev-root-token-id=${ROOT_TOKEN}`, '-dev-no-store-token'];
    mkdirSync(folder, { recursive: true });
    return startPythonServer('bao', [...args, `-dev-listen-address=127.0.0.1:${port}`], folder, { url });
  }

  const call: OpenBao['call'] = async (method, path, body, { namespace, token = ROOT_TOKEN } = {}) => {
    const response = await fetch(`${url}/v1/${path}`, {
      method,
      headers: {
        'X-Vault-Token': token,
        ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`OpenBao: ${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as BaoResponse;
  };

  return {
    url,
    call,
    async acceptJwt(issuer, role = {}, namespace) {
      const at = namespace === undefined ? {} : { namespace };
      await call('PUT', 'sys/policies/acl/gatehouse', { policy: READ_ALL }, at);
      await call('POST', 'sys/auth/jwt', { type: 'jwt' }, at);
      await call('POST', 'auth/jwt/config', { jwks_url: issuer.jwksUri, bound_issuer: issuer.url }, at);
      const bound = { role_type: 'jwt', user_claim: 'sub', bound_audiences: [VAULT_AUDIENCE] };
      await call('POST', 'auth/jwt/role/gatehouse', { ...bound, token_policies: 'gatehouse', ...role }, at);
    },
    async write(name, fields, namespace) {
      const at = namespace === undefined ? {} : { namespace };
      await call('POST', `secret/data/${name}`, { data: fields }, at);
    },
    async seal() {
      await call('PUT', 'sys/seal');
    },
    async unseal() {
      const key = /Unseal Key: (\S+)/.exec(server.log())?.[1];
      await call('PUT', 'sys/unseal', { key });
    },
    kill: () => server.close(),
    async restart() {
      server = await start();
    },
    close: () => server.close(),
  };
}
