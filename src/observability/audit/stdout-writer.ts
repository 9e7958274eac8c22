import type { Log } from '../../core/ports.ts';
import { LineWriter } from './line-writer.ts';

const STDOUT = { fd: 1, name: 'stdout' } as const;

/** Opens a writer to stdout. Lines stay whole only with one writer per descriptor, so all logs on stdout share one. */
export function openStdoutWriter(ports: { readonly log: Log }): LineWriter {
  return new LineWriter(STDOUT, ports);
}
