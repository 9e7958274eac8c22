import { GatehouseError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

/** First releases of each line without the HTTP parser holes of July 2026 (threats K9). */
const FLOORS: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  22: [23, 2],
  24: [18, 1],
  26: [5, 1],
};

/** Refuses to run where the runtime itself would undo what the gateway promises. */
export function refuseUnsafeRuntime({ nodeVersion, env }: Pick<Terminal, 'nodeVersion' | 'env'>): void {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split('.').map(Number);
  const floor = FLOORS[major];
  const known =
    floor === undefined ? major > 26 : minor > floor[0] || (minor === floor[0] && patch >= floor[1]);
  if (!known) {
    throw new GatehouseError(
      'startup_failed',
      `Node ${nodeVersion} has known holes in its HTTP parser; run 22.23.2, 24.18.1, 26.5.1 or later`,
    );
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new GatehouseError(
      'startup_failed',
      'NODE_TLS_REJECT_UNAUTHORIZED=0 would let anybody pose as an issuer or upstream; unset it and set caFile where a private CA is used',
    );
  }
}
