/** What a command has of the process around it; main.ts makes the real one. */
export interface Terminal {
  /** Without node and script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `26.10.0` */
  readonly nodeVersion: string;
  out(text: string): void;
  err(text: string): void;
  /** Resolves with the next SIGINT or SIGTERM. */
  stopSignal(): Promise<unknown>;
  /** Calls it at each SIGHUP, which ends the process no more. */
  onReloadSignal(handler: () => void): void;
  /** Takes over what nobody caught. */
  onUncaught(handler: (error: unknown) => void): void;
}

/** 1: the check failed, or the gateway could not start; 2: wrong usage or configuration. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
