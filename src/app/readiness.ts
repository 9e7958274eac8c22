import type { Readiness } from '../admin/index.ts';
import type { IssuerStatus } from '../credentials/index.ts';

/** Reports whether this replica should receive traffic. */
export interface ReadinessWatch {
  ready(): Readiness;
  drain(): void;
}

/**
 * Issuers make a replica unready only until it was ready once. An unreachable issuer, or one that a reload adds, would
 * otherwise make all replicas unready at once and also stop requests with tokens of other issuers.
 */
export function createReadiness(
  issuers: () => readonly IssuerStatus[],
  revocationsLoaded: () => boolean,
  storeDetail: () => string | undefined = () => undefined,
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
          detail: loaded ? undefined : 'no successful read from the store yet',
        },
      ];
      // Reported only: requests are served from memory, and all replicas would be unready at once.
      const store = storeDetail();
      if (store !== undefined) checks.push({ name: 'store', ok: true, detail: store });
      wasReady ||= checks.every(({ ok }) => ok);
      if (draining) checks.push({ name: 'process', ok: false, detail: 'shutting down' });
      return { ready: checks.every(({ ok }) => ok), checks };
    },
    drain() {
      draining = true;
    },
  };
}
