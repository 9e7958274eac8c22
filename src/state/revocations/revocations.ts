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
  /** Milliseconds between two looks at the store; a revocation elsewhere is in force here within a second. */
  readonly poll: number;
  /** Milliseconds for which the last list counts while the store cannot be reached. */
  readonly maxAge: number;
}

export interface SyncedRevocations extends Revocations {
  /** Reads the list for the first time, then keeps it in step. Never rejects. */
  start(): Promise<void>;
  stop(): void;
  /** The list has been read once. A store that goes away later makes no replica unready: all would be at once. */
  loaded(): boolean;
}

const CLEAR: RevocationVerdict = { kind: 'clear' };

/** A credential that no entry named when there had been so many additions, under the identity it was looked up with. */
interface Clean {
  identity: string | undefined;
  additions: number;
}

/** The list in memory: requests look into it synchronously, a timer keeps it in step with the store. */
export function createRevocations(
  store: Store,
  ports: { readonly clock: Clock; readonly log: Log },
  timing: RevocationTiming = { poll: 300, maxAge: 60_000 },
): SyncedRevocations {
  const { clock } = ports;
  const trouble = new WatchedFailure('the list of revocations', ports.log);
  const list = new RevocationList(clock);
  const { index, quota } = list;
  const sync = createRevocationSync(list, store, ports);
  const clean = new WeakMap<VerifiedCredential, Clean>();
  let syncedAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  async function look(): Promise<void> {
    try {
      await sync.read();
      syncedAt = clock.now();
      trouble.recovered();
      await sync.removeEnded();
    } catch (error) {
      trouble.failed(error instanceof GatehouseError ? error.message : 'unknown');
    }
    if (running) timer = setTimeout(() => void look(), timing.poll).unref();
  }

  /** A clock that was set back must not keep an old list young. */
  function isFresh(): boolean {
    return syncedAt !== undefined && Math.abs(clock.now() - syncedAt) <= timing.maxAge;
  }

  async function add(wanted: NewRevocation, holder?: RevocationHolder): Promise<Revocation> {
    const created = new Date(clock.now()).toISOString();
    const revocation = { ...wanted, id: randomUUID(), created, ...(holder && { holder }) };
    await store.putRevocation(revocation);
    // The next look at the store finds the same, and whatever others added.
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
      // Nearly always: nothing was added since this token was found clean.
      if (earlier?.additions === additions && earlier.identity === identity) return CLEAR;
      const revocation = index.find(credential, identity, clock.now());
      if (revocation !== undefined) return { kind: 'revoked', revocation };
      if (earlier === undefined) clean.set(credential, { identity, additions });
      else [earlier.identity, earlier.additions] = [identity, additions];
      return CLEAR;
    },
    add: (wanted) => add(wanted),
    async addByHolder(wanted, holder) {
      const exceeded = quota.begin(holder);
      if (exceeded !== undefined) return exceeded;
      try {
        return { kind: 'added', revocation: await add(wanted, holder) };
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
      await look();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
    loaded: () => syncedAt !== undefined,
  };
}
