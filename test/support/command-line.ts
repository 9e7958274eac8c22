/** A command line of `gatehouse` in this process. */
import { run } from '../../src/cli/index.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `terminal` replaces parts of a terminal that cannot ask and receives no signal. */
export async function commandLine(
  args: readonly string[],
  terminal: Partial<Terminal> = {},
): Promise<CommandOutcome> {
  let [stdout, stderr] = ['', ''];
  const code = await run({
    args,
    env: {},
    nodeVersion: process.versions.node,
    out: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
    stopSignal: () => new Promise(() => undefined),
    onReloadSignal: () => undefined,
    endWithin: () => undefined,
    onUncaught: () => undefined,
    ...terminal,
  });
  return { code, stdout, stderr };
}
