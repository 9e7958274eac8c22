import type { Readiness } from '../admin/index.ts';
import type { IssuerStatus } from '../credentials/index.ts';

/** Whether this replica should get traffic. */
export interface ReadinessWatch {
  ready(): Readiness;
  drain(): void;
}

/**
 * A replica that was ready once is not made unready by an issuer that a reload adds, nor by one that stays away until its keys
 * are too old: all replicas would be at once, and those who come with tokens of the others had no gateway left.
 */
export function createReadiness(
  issuers: () => readonly IssuerStatus[],
  revocationsLoaded: () => boolean,
): ReadinessWatch {
  let draining = false;
  let wasReady = false;

  function checkOf({ name, ready, lastError }: IssuerStatus): Readiness['checks'][number] {
    const detail = ready ? undefined : (lastError ?? 'no keys yet');
    return { name: `issuer ${name}`, ok: ready || wasReady, detail };
  }

  return {
    ready() {
      const loaded = revocationsLoaded();
      const checks = [
        ...issuers().map(checkOf),
        {
          name: 'revocations',
          ok: loaded,
          detail: loaded ? undefined : 'the store was never reached',
        },
      ];
      wasReady ||= checks.every(({ ok }) => ok);
      if (draining) checks.push({ name: 'process', ok: false, detail: 'shutting down' });
      return { ready: checks.every(({ ok }) => ok), checks };
    },
    drain() {
      draining = true;
    },
  };
}
