import type { Revocation } from './credentials/revocation.ts';

interface RevocationsAt {
  /** Of this store's data; another one after they were lost. */
  readonly epoch: string;
  /** Another one after every change. */
  readonly mark: string;
}

/** What a store knows of revocations: all of them, or what has changed since a mark. */
export type RevocationsRead = RevocationsAt &
  (
    | { readonly kind: 'all'; readonly revocations: readonly Revocation[] }
    | {
        readonly kind: 'changes';
        /** Added since. */
        readonly revocations: readonly Revocation[];
        /** Ids of those that were removed since. */
        readonly removed: readonly string[];
      }
  );

export interface Count {
  readonly count: number;
  /** Milliseconds until it starts over. */
  readonly resetsIn: number;
}

/**
 * State that outlives a request, and where it is shared, a replica. Every call ends in bounded time; those that
 * cannot be served reject with `store_unavailable`.
 */
export interface Store {
  /** Kept when it resolves: a crash after that does not lose it. */
  putRevocation(revocation: Revocation): Promise<void>;
  /** False where there was none with this id. */
  deleteRevocation(id: string): Promise<boolean>;
  /** Removes revocations that have ended, at most some hundred. Their removal is not among the changes that others read. */
  forgetRevocations(ids: readonly string[]): Promise<void>;
  /** Undefined where nothing has changed since this mark. A mark that is too old is answered with all. */
  revocations(since: string | undefined): Promise<RevocationsRead | undefined>;
  /** Adds one to a counter that starts over `window` milliseconds after its first. */
  count(key: string, window: number): Promise<Count>;
  /** Keeps a value under a name that has none yet; resolves with what is kept, the same for all who ask. */
  keepFirst(name: string, value: string): Promise<string>;
  /** True for the first who claims this name, for everybody else false, until `lifetime` milliseconds after the first. */
  claim(name: string, lifetime: number): Promise<boolean>;
  /** Calls that failed so far, and whether they fail now. */
  health(): { readonly errors: number; readonly degraded: boolean };
  close(): Promise<void>;
}
