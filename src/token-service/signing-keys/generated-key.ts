import { GatehouseError } from '../../core/errors.ts';
import type { KeyringStatus } from '../../core/credentials/keyring.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Store } from '../../core/store.ts';
import { createPacedRead } from '../../util/async/paced-read.ts';
import type { SigningKeySource } from './key-source.ts';
import { createRetiredKeys } from './retired-keys.ts';
import { generateJwk, readJwk, type SigningKey, type VerificationKey } from './signing-key.ts';

export type KeyStore = Pick<Store, 'shared' | 'keepFirst' | 'keepUntil'>;

/** The name of the key in the store. */
const STORE_NAME = 'signing-key';

/** Milliseconds between two reads of a shared store. */
const POLL = 1_000;

/** Milliseconds between two reads without a key, and for unknown key ids, so that invented ids cause little load. */
const PACE = 250;

/** Milliseconds in which other replicas write their keys back to a store that has lost its data. */
const SETTLE = 10_000;

interface ActiveKey {
  readonly key: SigningKey;
  /** The form in the store. */
  readonly jwk: string;
}

export interface GeneratedKey extends SigningKeySource {
  /** Reads the key until the store responds, then follows a shared store. Resolves after the first attempt. */
  start(): Promise<void>;
}

/**
 * A generated key shared by all replicas: the first replica that needs a key generates it, and all use the one that the
 * store keeps. Each replica writes it back if the store has lost it. If another replica has stored another key by then,
 * all adopt that one, and share the public part of the previous one while tokens of it can be valid.
 */
export function createGeneratedKey({
  store,
  clock,
  log,
}: {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly log: Log;
}): GeneratedKey {
  const retired = createRetiredKeys(store, clock);
  let active: ActiveKey | undefined;
  let problem: string | undefined;
  let settledAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const read = createPacedRead(PACE, () => synchronize().catch(failed));

  async function synchronize(): Promise<void> {
    const offered = active?.jwk ?? generateJwk();
    const kept = await store.keepFirst(STORE_NAME, offered);
    if (kept !== active?.jwk) {
      const stored = await readJwk(kept);
      if (stored.kind === 'unusable')
        throw new TypeError('the signing key in the store is not an EC key on P-256');
      const { key } = stored;
      // A key of this replica, or another one than before: the store was empty a moment ago.
      if (store.shared && (kept === offered || active !== undefined)) settledAt = performance.now() + SETTLE;
      if (active !== undefined) replace(active.key, key);
      else log.info('signing key ready', { kid: key.kid });
      active = { key, jwk: kept };
    }
    await retired.synchronize();
  }

  /** Reported once; `status` contains the last error. */
  function failed(cause: unknown): never {
    const error = cause instanceof GatehouseError ? cause.message : 'unusable key';
    if (active === undefined && problem === undefined) {
      const effect = 'tokens cannot be issued until the store responds';
      log.warn(`no signing key available, trying again; ${effect}`, { error });
    }
    problem = error;
    throw cause;
  }

  /** A process that mints no token needs the key, too: other replicas issue the tokens that it verifies. */
  async function follow(): Promise<void> {
    await read().catch(() => undefined);
    if (!running || (active !== undefined && !store.shared)) return;
    timer = setTimeout(() => void follow(), active === undefined ? PACE : POLL).unref();
  }

  function replace(previous: SigningKey, next: SigningKey): void {
    retired.add(previous);
    log.warn('the store contains another signing key, which replaces this one; its tokens stay valid', {
      kid: next.kid,
      previous: previous.kid,
    });
  }

  async function activeKey(): Promise<SigningKey> {
    if (active === undefined) await read();
    if (active === undefined) throw new GatehouseError('store_unavailable', 'no signing key available');
    return active.key;
  }

  function findKnown(kid: string): VerificationKey | undefined {
    return active?.key.kid === kid ? active.key : retired.find(kid);
  }

  return {
    start() {
      running = true;
      return follow();
    },
    signingKey: activeKey,
    async keys() {
      const key = await activeKey();
      return [key, ...retired.all().filter(({ kid }) => kid !== key.kid)];
    },
    async find(kid) {
      if (findKnown(kid) === undefined) await read();
      const known = findKnown(kid);
      if (known === undefined && performance.now() < settledAt) {
        throw new GatehouseError(
          'store_unavailable',
          'the store was empty: other replicas may not have written back their signing keys yet',
        );
      }
      return known;
    },
    counts: (kid) => findKnown(kid) !== undefined,
    status: (): KeyringStatus =>
      active === undefined ? { ready: false, detail: problem } : { ready: true, kid: active.key.kid },
    stop() {
      running = false;
      clearTimeout(timer);
    },
  };
}
