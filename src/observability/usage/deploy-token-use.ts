import type { AuditEvent } from '../../core/records/audit-event.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import { BoundedMap } from '../../util/limits/bounded-map.ts';

/** The last use of each deploy token of the configuration on this replica. */
export interface LastDeployTokenUse {
  observe(event: Pick<AuditEvent, 'verified' | 'startedAt'>): void;
  /** Milliseconds since the epoch. */
  lastUse(name: string): number | undefined;
}

/** Names of removed tokens stay until the limit. */
const MAX_NAMES = 10_000;

/** The use of an access token that was issued for a deploy token counts as a use of the deploy token. */
export function createDeployTokenUse(): LastDeployTokenUse {
  // Only verified credentials have a subject, so clients cannot add names.
  const lastUse = new BoundedMap<string, number>(MAX_NAMES);
  return {
    observe({ verified, startedAt }) {
      if (verified?.issuer === DEPLOY_TOKENS) lastUse.set(verified.subject, startedAt);
    },
    lastUse: (name) => lastUse.get(name),
  };
}
