import { GatehouseError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

/** The first release of each line without the HTTP parser vulnerabilities of July 2026 (threats K9). */
const FLOORS: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  22: [23, 2],
  24: [18, 1],
  26: [5, 1],
};

/** Throws `startup_failed` for a Node version or setting that makes the gateway insecure. */
export function refuseUnsafeRuntime({ nodeVersion, env }: Pick<Terminal, 'nodeVersion' | 'env'>): void {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split('.').map(Number);
  const floor = FLOORS[major];
  const isSafe =
    floor === undefined ? major > 26 : minor > floor[0] || (minor === floor[0] && patch >= floor[1]);
  if (!isSafe) {
    throw new GatehouseError(
      'startup_failed',
      `Node ${nodeVersion} has known vulnerabilities in its HTTP parser; use 22.23.2, 24.18.1, 26.5.1 or later`,
    );
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new GatehouseError(
      'startup_failed',
      'NODE_TLS_REJECT_UNAUTHORIZED=0 disables the verification of issuers and upstreams; unset it, and set caFile for a private CA',
    );
  }
}
