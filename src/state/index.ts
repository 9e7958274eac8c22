export { createFailureLimits } from './failure-limits.ts';
export { createIdentityLimits, type IdentityLimits } from './identity-limits/identity-limits.ts';
export { openStore, type StateSettings } from './open-store.ts';
export {
  createRevocations,
  type RevocationSnapshot,
  type SyncedRevocations,
} from './revocations/revocations.ts';
export { backUpStateFile } from './sqlite/offline.ts';
export { restoreState } from './sqlite/restore.ts';
export { probeStore } from './probe-store.ts';
