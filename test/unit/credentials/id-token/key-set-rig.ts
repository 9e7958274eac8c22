import { KeySet } from '../../../../src/credentials/id-token/key-set.ts';
import type { KeyTiming } from '../../../../src/credentials/index.ts';
import type { JsonDocument } from '../../../../src/credentials/id-token/fetch-document.ts';
import type { KeySetForm } from '../../../../src/credentials/id-token/read-key-set.ts';
import type { KeySetFailure } from '../../../../src/credentials/id-token/key-set-failure.ts';
import { FrozenClock, RecordingLog, RecordingMeter, TIMING } from '../../../support/authentication.ts';
import { generateKey } from '../../../support/issuer-keys.ts';

export const A = generateKey('a', 'ES256').jwk;
export const B = generateKey('b', 'ES256').jwk;
export const DOWN: KeySetFailure = { kind: 'outbound_failed', detail: 'ECONNREFUSED' };

export interface Rig {
  readonly set: KeySet;
  readonly clock: FrozenClock;
  readonly log: RecordingLog;
  readonly meter: RecordingMeter;
  readonly source: { answer: unknown; reads: number };
  /** The keys or the refusal for a token with this kid. */
  ask(kid: string): Promise<string>;
}

export function rig(
  changes: Partial<KeyTiming> = {},
  cooldownLimit = Number.POSITIVE_INFINITY,
  form: KeySetForm = 'jwks',
): Rig {
  const clock = new FrozenClock();
  const log = new RecordingLog();
  const meter = new RecordingMeter();
  const source: Rig['source'] = { answer: { keys: [A] }, reads: 0 };
  const read = async (): Promise<JsonDocument | KeySetFailure> => {
    source.reads += 1;
    const answer = await source.answer;
    if (answer instanceof Error) throw answer;
    return answer === DOWN ? DOWN : { kind: 'document', value: answer };
  };
  const set = new KeySet(
    'gitlab',
    { read, cooldownLimit, form },
    { ...TIMING, ...changes },
    { clock, log, meter },
  );
  return {
    set,
    clock,
    log,
    meter,
    source,
    ask: async (kid) => {
      const keys = await set.keysFor(kid);
      return 'kind' in keys ? keys.reason : `${keys.length} key`;
    },
  };
}
