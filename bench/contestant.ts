import type { Credentials } from './token.ts';
import type { ServerProcess } from './server-process.ts';

/** What every contestant is given: the same upstream, the same token, the same core. */
export interface Bed {
  readonly folder: string;
  readonly core: number;
  readonly upstream: string;
  readonly credentials: Credentials;
}

export interface Contestant {
  readonly label: string;
  /** False for the plain proxy, which lets everything through. */
  readonly verifies: boolean;
  readonly version: () => Promise<string>;
  start(bed: Bed): Promise<ServerProcess>;
  /** After each round: throw away what it wrote, or say why the round does not count. */
  settle?(bed: Bed): Promise<void>;
}

/** The path that the load asks for, at every contestant. */
export const TARGET = '/api/v1/orders';

export function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` }, redirect: 'manual' };
}
