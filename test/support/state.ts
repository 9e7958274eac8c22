import { createRevocations, openStore, type SyncedRevocations } from '../../src/state/index.ts';
import type { Clock } from '../../src/core/ports.ts';
import { recordingLog } from './audit-events.ts';

/** The real list on a store in memory, with nothing in it, in step. */
export async function emptyRevocations(clock: Clock = { now: Date.now }): Promise<SyncedRevocations> {
  const log = recordingLog();
  const revocations = createRevocations(openStore({ sqlite: { file: ':memory:' } }, { clock, log }), {
    clock,
    log,
  });
  await revocations.start();
  return revocations;
}
