import type { AuditEvent } from '../../core/records/audit-event.ts';
import { selects, type DecisionLog, type DecisionRecord } from '../../core/records/decision-record.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import { CandidateDifferences } from './candidate-differences.ts';
import { toDecisionRecord, verdictOf } from './decision-record.ts';
import { RecordRing } from './record-ring.ts';

/** Of each of the two rings. A flood of allowed requests displaces no refusal, and the reverse. */
const RING = { maxRecords: 2_000, maxBytes: 4 * 1024 * 1024 };

/** Records of each ring. More requests are counted, and recorded in part. */
const RATE = { perSecond: 100, burst: 500 };

export interface DecisionRecorder extends DecisionLog {
  /** Called for each request. It never throws. */
  write(event: AuditEvent): void;
  /** Forgets all records. */
  clear(): void;
}

export interface DecisionRecorderPorts {
  readonly now: () => number;
  /** Hash of the active configuration. */
  readonly config: () => string;
  /** Hash of the evaluated candidate policy. */
  readonly candidate: () => string | undefined;
}

/** Records requests in memory for the console: all of them at a low rate, a sample of them at a high rate. */
export function createDecisionRecorder({ now, config, candidate }: DecisionRecorderPorts): DecisionRecorder {
  const allowed = { ring: new RecordRing(RING), rate: new TokenBucket(RATE, now) };
  const others = { ring: new RecordRing(RING), rate: new TokenBucket(RATE, now) };
  let differences = new CandidateDifferences();
  const listeners = new Set<(record: DecisionRecord) => void>();
  let requests = 0;
  let sampledOut = 0;

  function newestFirst(): readonly DecisionRecord[] {
    return [...allowed.ring.entries(), ...others.ring.entries()]
      .toSorted((a, b) => b.sequence - a.sequence)
      .map(({ record }) => record);
  }

  return {
    write(event) {
      requests += 1;
      const verdict = verdictOf(event);
      const { ring, rate } = verdict === 'allowed' ? allowed : others;
      const sampled = rate.take();
      if (!sampled) sampledOut += 1;
      if (!sampled && event.candidate === undefined) return;
      let created: DecisionRecord | undefined;
      const record = (): DecisionRecord => (created ??= toDecisionRecord(event, verdict, config()));
      if (event.candidate !== undefined) differences.add(event, verdict, candidate(), { sampled, record });
      if (!sampled) return;
      ring.add(record(), requests);
      for (const listener of listeners) listener(record());
    },
    clear() {
      allowed.ring = new RecordRing(RING);
      others.ring = new RecordRing(RING);
      differences = new CandidateDifferences();
    },
    list(filter, limit) {
      return newestFirst()
        .filter((record) => selects(filter, record))
        .slice(0, limit);
    },
    find(requestId) {
      return newestFirst().find((record) => record.requestId === requestId) ?? differences.find(requestId);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    size: () => ({
      records: allowed.ring.count + others.ring.count,
      bytes: allowed.ring.bytes + others.ring.bytes,
      maxRecords: 2 * RING.maxRecords,
      maxBytes: 2 * RING.maxBytes,
      requests,
      sampledOut,
    }),
    candidateGroups: () => differences.read(candidate()),
  };
}
