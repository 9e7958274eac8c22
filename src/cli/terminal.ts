/** The process as commands see it; main.ts creates it from the Node process. */
export interface Terminal {
  /** Command-line arguments without the node binary and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `26.10.0` */
  readonly nodeVersion: string;
  out(text: string): void;
  err(text: string): void;
  /** Resolves with the next SIGINT or SIGTERM. */
  stopSignal(): Promise<unknown>;
  /** Calls the handler on each SIGHUP, which then no longer ends the process. */
  onReloadSignal(handler: () => void): void;
  /** Standard output is a terminal that shows colours, and NO_COLOR is not set. */
  readonly color?: boolean;
  /** For questions and their answers. Undefined unless standard input and output are a terminal: then no command asks. */
  readonly dialogStreams?: DialogStreams | undefined;
  /** Ends the process after so many milliseconds, even if something still keeps it alive. */
  endWithin(milliseconds: number): void;
  /** Handles uncaught exceptions and unhandled rejections. */
  onUncaught(handler: (error: unknown) => void): void;
}

export interface DialogStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** 1: a check failed or the gateway could not start; 2: invalid usage or configuration. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
