import type { DecisionRecord } from '../../../../core/records/decision-record.ts';
import { REASONS } from '../../../../core/reasons.ts';
import { reasonText } from './decision-rows.ts';

/**
 * What a record shows about the credential of its request. `unread`: the request ended before. A credential whose text
 * is none is `refused`, too; the record has no `presented` then.
 */
export type ShownCredential = 'verified' | 'refused' | 'unread' | 'none';

export function credentialState(record: DecisionRecord): ShownCredential {
  const { verified, presented, service } = record;
  if (verified !== undefined) return 'verified';
  if (presented !== undefined || isOfCredential(reasonText(record))) return 'refused';
  return service === undefined ? 'unread' : 'none';
}

function isOfCredential(reason: string): boolean {
  if (reason === 'credential_conflict' || reason === 'credential_in_query') return true;
  return (
    reason !== 'no_credential' && reason in REASONS && REASONS[reason as keyof typeof REASONS].status === 401
  );
}
