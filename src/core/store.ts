import type { Revocation } from './credentials/revocation.ts';

interface RevocationsAt {
  /** Identifies the data set of the store; it changes if the data is lost. */
  readonly epoch: string;
  /** Identifies the state of the list; it changes with every change. */
  readonly mark: string;
}

/** A read of the revocation list: all revocations, or the changes since a mark. */
export type RevocationsRead = RevocationsAt &
  (
    | { readonly kind: 'all'; readonly revocations: readonly Revocation[] }
    | {
        readonly kind: 'changes';
        /** Revocations added since the mark. */
        readonly revocations: readonly Revocation[];
        /** Ids of the revocations deleted since the mark. */
        readonly removed: readonly string[];
      }
  );

export interface RestoredRevocations {
  /** Number of the entries that the store had lost. */
  readonly restored: number;
  /** Ids of the entries that were deleted. */
  readonly deleted: readonly string[];
}

/** The value of a windowed counter. */
export interface Count {
  readonly count: number;
  /** Milliseconds until the counter resets. */
  readonly resetsIn: number;
}

export interface StoreHealth {
  /** Number of failed calls. */
  readonly errors: number;
  /** Whether the last list of revocations can be read again. */
  readonly reachable: boolean;
  /** Whether calls currently fail, or would: the store is unreachable or refuses changes. */
  readonly degraded: boolean;
  /** What is wrong, or was recently; readable without a token. */
  readonly detail?: string | undefined;
  /** Number of times that the data was found lost or older than before. */
  readonly dataLosses: number;
  /** Milliseconds since the epoch. */
  readonly lastSuccess: number | undefined;
  /** The last failed call; a later call may have succeeded. */
  readonly lastError: { readonly at: number; readonly detail: string } | undefined;
}

/** A copy of the state in a file, which contains the signing key. */
export interface StateBackup {
  readonly file: string;
  /** Number of its revocations. */
  readonly revocations: number;
}

/**
 * State that outlives a request, and that replicas share if the store is shared. Every call settles in
 * bounded time and rejects with `store_unavailable` if the store cannot serve it.
 */
export interface Store {
  readonly kind: 'sqlite' | 'redis';
  /** Other replicas use the same data. */
  readonly shared: boolean;
  /** Resolves when the revocation is durable: a later crash does not lose it. */
  putRevocation(revocation: Revocation): Promise<void>;
  /** Resolves to false if no revocation has this id. */
  deleteRevocation(id: string): Promise<boolean>;
  /**
   * Deletes the revocations whose expiry has passed by the clock of the store, a few hundred per call, and resolves to
   * their ids. `revocations` does not report it.
   */
  forgetRevocations(expired: readonly Revocation[]): Promise<readonly string[]>;
  /**
   * Adds those of the known revocations that the store has lost. `recorded`: a deletion without a record, made by
   * version 0.1.0, does not count.
   */
  restoreRevocations(known: readonly Revocation[], recorded: boolean): Promise<RestoredRevocations>;
  /** Undefined: no change since the mark. All revocations if the mark is too old. */
  revocations(since: string | undefined): Promise<RevocationsRead | undefined>;
  /** Increments a counter that resets `window` milliseconds after its first increment. */
  count(key: string, window: number): Promise<Count>;
  /**
   * Stores a value unless the name already has one. Resolves to the stored value, the same for every caller.
   */
  keepFirst(name: string, value: string): Promise<string>;
  /**
   * Adds values to a list that all callers share, each until a time in milliseconds since the epoch. Resolves to all
   * values and their times; some may have ended.
   */
  keepUntil(list: string, values: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>>;
  /**
   * Stores the report of a replica in a list, deletes the reports of the ids in `gone`, and resolves to the reports of
   * all replicas by id. A list without a new report for a minute is deleted.
   */
  exchangeReports(
    list: string,
    id: string,
    report: string,
    gone: readonly string[],
  ): Promise<ReadonlyMap<string, string>>;
  /** True for the first claim of a name, false for others during `lifetime` milliseconds. */
  claim(name: string, lifetime: number): Promise<boolean>;
  /**
   * Stores a value for `lifetime` milliseconds unless the name already has one. Resolves to the stored value, the same
   * for every caller.
   */
  bind(name: string, value: string, lifetime: number): Promise<string>;
  /** Writes a copy of the state next to it. Undefined: the server of the store makes its own backups. */
  readonly backUp: (() => Promise<StateBackup>) | undefined;
  health(): StoreHealth;
  close(): Promise<void>;
}
