import type { Credentials } from './token.ts';
import type { ServerProcess } from './server-process.ts';

/** The environment of every contestant: the same upstream, token and core. */
export interface Bed {
  readonly folder: string;
  readonly core: number;
  readonly upstream: string;
  readonly credentials: Credentials;
}

export interface Contestant {
  readonly label: string;
  /** False for the plain proxy, which forwards every request. */
  readonly verifies: boolean;
  readonly version: () => Promise<string>;
  start(bed: Bed): Promise<ServerProcess>;
  /** Runs after each round: deletes its output, or throws if the round is not valid. */
  settle?(bed: Bed): Promise<void>;
}

/** The request path of the load, for every contestant. */
export const TARGET = '/api/v1/orders';

export function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' };
}
