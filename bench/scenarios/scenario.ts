import type { Bed } from '../contestants/contestant.ts';
import type { ContestantName } from '../contestants/index.ts';
import type { LoadGenerator } from '../machine/load.ts';
import type { ServerProcess } from '../machine/server-process.ts';
import type { Figure } from '../report/figures.ts';

/** Durations and sizes. */
export interface Effort {
  readonly rounds: number;
  /** Duration per lane and round. */
  readonly seconds: number;
  /** Duration before the first round, which excludes the warm-up of JIT and connection pools from the results. */
  readonly warmupSeconds: number;
  readonly connections: number;
  readonly sizes: {
    /** Different tokens per round of `new-tokens`. */
    readonly tokens: number;
    /** Size of the bodies of `bodies`, in MiB. */
    readonly mib: number;
    /** Packages that `npm` installs. */
    readonly packages: number;
    /** Idle connections of `connections`. */
    readonly idle: number;
  };
}

/** The environment of one scenario. */
export interface Stage {
  readonly bed: Bed;
  readonly load: LoadGenerator;
  readonly effort: Effort;
  /** The selected contestants that are installed. */
  readonly contestants: readonly ContestantName[];
  readonly progress: (text: string) => void;
  /** Stops the server at the end of the scenario. */
  keep<Server extends Pick<ServerProcess, 'stop'>>(server: Server): Server;
}

export interface Scenario {
  readonly title: string;
  /** Contestants that the scenario compares; one that names only Gatehouse does not run without it. */
  readonly contestants: readonly ContestantName[];
  /** Why the scenario cannot run. */
  readonly missing?: () => string | undefined;
  run(stage: Stage): Promise<readonly Figure[]>;
}
