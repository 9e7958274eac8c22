import { randomUUID } from 'node:crypto';
import { scalarClaim } from '../contract/claims.ts';
import type { VerifiedCredential } from '../contract/credential.ts';
import { DEPLOY_TOKENS } from '../contract/deploy-token.ts';
import { GatehouseError } from '../contract/errors.ts';
import type { Clock, Log } from '../contract/ports.ts';
import type { Revocation, Revocations, RevocationTarget, RevocationVerdict } from '../contract/revocation.ts';
import type { RevocationList, Store } from '../contract/store.ts';
import { WatchedFailure } from './watched-failure.ts';

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

/** Clocks of other replicas may be behind. */
const MARGIN = 5 * 60_000;

const CLEAR: RevocationVerdict = { kind: 'clear' };

/** The list in memory: requests look into it synchronously, a timer keeps it in step with the store. */
export function createRevocations(
  store: Store,
  ports: { readonly clock: Clock; readonly log: Log },
  timing: RevocationTiming = { poll: 300, maxAge: 60_000 },
): SyncedRevocations {
  const { clock } = ports;
  const trouble = new WatchedFailure('the list of revocations', ports.log);
  let all: readonly Revocation[] = [];
  let byKey = new Map<string, Revocation[]>();
  let mark: string | undefined;
  let epoch: string | undefined;
  /** Changes made here: a list that was asked for before one of them is older than what is known. */
  let changes = 0;
  let syncedAt: number | undefined;
  /** Credentials that this list does not name, with the identity that they were looked up under. */
  let clean = new WeakMap<VerifiedCredential, { readonly identity: string | undefined }>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  function replace(revocations: readonly Revocation[]): void {
    all = revocations;
    // Several may name the same, and end at different times.
    byKey = Map.groupBy(revocations, keyOf);
    clean = new WeakMap();
  }

  /** A store that came back without its data must not make anybody good again: it gets back what is known here. */
  async function writeBack(list: RevocationList): Promise<readonly Revocation[]> {
    if (epoch === undefined || list.epoch === epoch) return [];
    const kept = new Set(list.revocations.map(({ id }) => id));
    const lost = all.filter((revocation) => !kept.has(revocation.id) && isInForce(revocation));
    if (lost.length > 0) {
      ports.log.error('the store has lost its data: its revocations are written back', {
        count: lost.length,
      });
    }
    for (const revocation of lost) await store.putRevocation(revocation);
    return lost;
  }

  /** What has long ended makes room for what is new, so that clients who give tokens back do not fill the store. */
  async function forgetEnded(): Promise<void> {
    const ended = all.filter(
      ({ expires }) => expires !== undefined && Date.parse(expires) < clock.now() - MARGIN,
    );
    try {
      for (const { id } of ended.slice(0, 20)) await store.deleteRevocation(id);
    } catch {
      // Nothing depends on it, and the next one tries again.
    }
  }

  async function sync(): Promise<void> {
    try {
      const before = changes;
      const list = await store.revocations(mark);
      const lost = list === undefined ? [] : await writeBack(list);
      // Overtaken by a change made here; the next look takes it in.
      if (changes !== before) return;
      if (list !== undefined) {
        replace([...list.revocations, ...lost]);
        ({ epoch, mark } = list);
      }
      syncedAt = clock.now();
      trouble.recovered();
    } catch (error) {
      trouble.failed(error instanceof GatehouseError ? error.message : 'unknown');
    }
  }

  function schedule(): void {
    if (running) timer = setTimeout(() => void look(), timing.poll).unref();
  }

  async function look(): Promise<void> {
    await sync();
    schedule();
  }

  /** A clock that was set back must not keep an old list young. */
  function isFresh(): boolean {
    return syncedAt !== undefined && Math.abs(clock.now() - syncedAt) <= timing.maxAge;
  }

  function find(key: string): Revocation | undefined {
    return byKey.get(key)?.find(isInForce);
  }

  function isInForce({ expires }: Revocation): boolean {
    return expires === undefined || Date.parse(expires) > clock.now();
  }

  return {
    check(credential, identity) {
      if (!isFresh())
        return { kind: 'unknown', detail: 'the list of revocations is too old, the store cannot be reached' };
      // Nearly always: nothing has changed since this token was found clean.
      const earlier = byKey.size === 0 ? undefined : clean.get(credential);
      if (byKey.size === 0 || (earlier !== undefined && earlier.identity === identity)) return CLEAR;
      for (const key of keysOf(credential, identity)) {
        const revocation = find(key);
        if (revocation !== undefined) return { kind: 'revoked', revocation };
      }
      clean.set(credential, { identity });
      return CLEAR;
    },
    async add(wanted) {
      const revocation = { ...wanted, id: randomUUID(), created: new Date(clock.now()).toISOString() };
      await store.putRevocation(revocation);
      await forgetEnded();
      // The next look at the store finds the same, and whatever others added.
      changes += 1;
      replace([...all.filter(({ id }) => id !== revocation.id), revocation]);
      return revocation;
    },
    async remove(id) {
      const removed = await store.deleteRevocation(id);
      changes += 1;
      replace(all.filter((revocation) => revocation.id !== id));
      return removed;
    },
    list: () => all.filter(isInForce),
    async start() {
      running = true;
      await sync();
      schedule();
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
    loaded: () => syncedAt !== undefined,
  };
}

function keyOf({ target, value, issuer }: Revocation): string {
  if (target === 'jti') return jtiKey(issuer ?? '', value);
  return key(target, target === 'project' ? value.toLowerCase() : value);
}

function key(target: Exclude<RevocationTarget, 'jti'>, value: string): string {
  return `${target}:${value}`;
}

function jtiKey(issuer: string, jti: string): string {
  return `jti:${JSON.stringify([issuer, jti])}`;
}

/** Everything about a credential that a revocation can name. */
function keysOf(credential: VerifiedCredential, identity: string | undefined): string[] {
  const { issuer, subject, claims, minted } = credential;
  const keys = [key('issuer', issuer)];
  // A minted token falls with the one that it was minted from.
  for (const { tokenHash, sentHash, jti } of minted === undefined
    ? [credential]
    : [credential, minted.source]) {
    keys.push(key('tokenHash', tokenHash));
    if (sentHash !== undefined) keys.push(key('tokenHash', sentHash));
    if (jti !== undefined) keys.push(jtiKey(issuer, jti));
  }
  if (identity !== undefined) keys.push(key('identity', identity));
  if (issuer === DEPLOY_TOKENS) keys.push(key('deployToken', subject));
  for (const name of ['project_path', 'repository']) {
    const path = scalarClaim(claims, name);
    if (path !== undefined) keys.push(key('project', path.toLowerCase()));
  }
  for (const name of ['project_id', 'repository_id']) {
    const id = scalarClaim(claims, name);
    if (id !== undefined) keys.push(key('project', `id:${id}`));
  }
  return keys;
}
