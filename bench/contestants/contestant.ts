import type { Cores } from '../machine/cores.ts';
import type { ServerProcess } from '../machine/server-process.ts';
import type { Credentials } from '../machine/token.ts';

/** The environment of every contestant: the same upstream, token and core. */
export interface Bed {
  readonly folder: string;
  readonly cores: Cores;
  /** Origin of the upstream. */
  readonly upstream: string;
  readonly credentials: Credentials;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface RunningServer extends ServerProcess {
  /** Runs after each round: deletes its output, or throws if the round is not valid. */
  settle?(): Promise<void>;
}

export interface Contestant {
  readonly label: string;
  /** False for a plain proxy, which forwards every request. */
  readonly verifies: boolean;
  /** What has to be installed; undefined if the contestant can run. */
  readonly missing: () => string | undefined;
  readonly version: () => Promise<string>;
  /** Starts the contestant, with TLS on its listener if `tls` is given. */
  start(bed: Bed, tls?: TlsFiles): Promise<RunningServer>;
}

/** The request path of the load, for every contestant. */
export const TARGET = '/api/v1/orders';

export interface AuthorizedRequest {
  readonly headers: { readonly authorization: string };
}

export function bearer(token: string): AuthorizedRequest {
  return { headers: { authorization: `Bearer ${token}` } };
}

export function listenerUrl(port: number, tls: TlsFiles | undefined): string {
  return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
}
