import { randomUUID } from 'node:crypto';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type {
  NewRevocation,
  Revocation,
  RevocationHolder,
  Revocations,
  RevocationVerdict,
} from '../../core/credentials/revocation.ts';
import type { Store } from '../../core/store.ts';
import { RevocationList } from './list.ts';
import { createRevocationSync } from './sync.ts';
import { WatchedFailure } from '../watched-failure.ts';

export interface RevocationTiming {
  /** Milliseconds between two reads of the store; a revocation of another replica is active within a second. */
  readonly poll: number;
  /** Milliseconds for which the last list is valid while the store is unreachable. */
  readonly maxAge: number;
}

export interface SyncedRevocations extends Revocations {
  /** Reads the list for the first time, then synchronizes it periodically. Never rejects. */
  start(): Promise<void>;
  stop(): void;
  snapshot(): RevocationSnapshot;
}

/** The list in memory that requests are checked against. */
export interface RevocationSnapshot {
  /** Milliseconds since it was read. Undefined: it has not been read yet. */
  readonly age: number | undefined;
  /** Milliseconds. Every credential is refused with 503 while the list is older. */
  readonly maxAge: number;
  readonly usable: boolean;
}

const CLEAR: RevocationVerdict = { kind: 'clear' };

/** A cached result: no entry matched the credential and identity at this number of additions. */
interface Clean {
  identity: string | undefined;
  additions: number;
}

/** The list in memory: requests read it synchronously, a timer synchronizes it with the store. */
export function createRevocations(
  store: Store,
  ports: { readonly clock: Clock; readonly log: Log },
  timing: RevocationTiming = { poll: 300, maxAge: 60_000 },
): SyncedRevocations {
  const { clock, log } = ports;
  const trouble = new WatchedFailure('the list of revocations', log);
  const list = new RevocationList(clock);
  const { index, quota } = list;
  const sync = createRevocationSync(list, store, ports);
  const clean = new WeakMap<VerifiedCredential, Clean>();
  let syncedAt: number | undefined;
  let tooOld = false;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  async function synchronize(): Promise<void> {
    try {
      await sync.read();
      syncedAt = clock.now();
      trouble.recovered();
      reportAge();
      await sync.removeEnded();
    } catch (error) {
      trouble.failed(error instanceof GatehouseError ? error.message : 'unknown');
      reportAge();
    }
    if (running) timer = setTimeout(() => void synchronize(), timing.poll).unref();
  }

  /** The distance in time: a clock that is set back must not extend the validity of an old list. */
  function age(): number | undefined {
    return syncedAt === undefined ? undefined : Math.abs(clock.now() - syncedAt);
  }

  function isFresh(): boolean {
    return (age() ?? Infinity) <= timing.maxAge;
  }

  function reportAge(): void {
    if (syncedAt === undefined || isFresh() !== tooOld) return;
    tooOld = !tooOld;
    const seconds = { age_seconds: Math.round((age() ?? 0) / 1000), max_age_seconds: timing.maxAge / 1000 };
    if (tooOld)
      log.error('the list of revocations is too old: every credential is refused with 503', seconds);
    else log.info('the list of revocations is current again: credentials are decided', seconds);
  }

  async function add(request: NewRevocation, holder?: RevocationHolder): Promise<Revocation> {
    const created = new Date(clock.now()).toISOString();
    const revocation = { ...request, id: randomUUID(), created, ...(holder && { holder }) };
    await store.putRevocation(revocation);
    // The next synchronization reads the same entry and the additions of other replicas.
    sync.add(revocation);
    return revocation;
  }

  return {
    check(credential, identity) {
      if (!isFresh())
        return { kind: 'unknown', detail: 'the list of revocations is too old, the store cannot be reached' };
      if (index.size === 0) return CLEAR;
      const { additions } = index;
      const earlier = clean.get(credential);
      // The usual case: no entry was added since the last check of this token.
      if (earlier?.additions === additions && earlier.identity === identity) return CLEAR;
      const revocation = index.find(credential, identity, clock.now());
      if (revocation !== undefined) return { kind: 'revoked', revocation };
      if (earlier === undefined) clean.set(credential, { identity, additions });
      else [earlier.identity, earlier.additions] = [identity, additions];
      return CLEAR;
    },
    add: (request) => add(request),
    async addByHolder(request, holder) {
      const exceeded = quota.begin(holder);
      if (exceeded !== undefined) return exceeded;
      try {
        return { kind: 'added', revocation: await add(request, holder) };
      } finally {
        quota.end(holder);
      }
    },
    async remove(id) {
      const removed = await store.deleteRevocation(id);
      sync.remove(id);
      return removed;
    },
    list: () => index.inForce(clock.now()),
    async start() {
      running = true;
      await synchronize();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
    snapshot: () => ({ age: age(), maxAge: timing.maxAge, usable: isFresh() }),
  };
}
