import type { Readiness } from '../readiness.ts';

/** The data of the pages, composed in src/app/endpoints/console-ports.ts. */
export interface ConsolePorts {
  /** Shown on every page: most data belongs to one replica, and replicas can share an address. */
  readonly replica: string;
  readonly version: string;
  ready(): Readiness;
  configuration(): ConfigurationState;
}

export interface ConfigurationState {
  readonly hash: string;
  readonly reload: {
    readonly ok: boolean;
    /** RFC 3339; null before the first reload. */
    readonly at: string | null;
    /** Changed keys that take effect after a restart. */
    readonly restartNeeded: readonly string[];
  };
}
