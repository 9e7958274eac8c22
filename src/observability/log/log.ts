import { writeSync } from 'node:fs';
import type { Clock, Log, LogFields } from '../../core/ports.ts';
import { jsonText } from '../../util/json/text.ts';
import { loggedText } from '../logged-text.ts';

export interface LogSettings {
  readonly level: 'info' | 'warn' | 'error' | 'off';
  readonly clock: Clock;
  /** Writes one line with its line end. Default: stderr. */
  readonly write?: ((line: string) => void) | undefined;
}

const RANKS = { info: 0, warn: 1, error: 2, off: 3 } as const;

const MAX_LENGTH = 2048;

/** The application log: one JSON line per call, with scalar fields only. It never throws. */
export function createLog(settings: LogSettings): Log {
  const { clock, write = writeToStderr } = settings;
  const at = (level: 'info' | 'warn' | 'error'): Log['info'] => {
    if (RANKS[level] < RANKS[settings.level]) return () => undefined;
    return (message, fields) => write(logLine(clock.now(), level, message, fields));
  };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

function logLine(now: number, level: string, message: string, fields: LogFields = {}): string {
  const head = { '@timestamp': new Date(now).toISOString(), 'log.level': level, message };
  // The head is spread twice, so that it comes first and no field can replace it.
  const entries = Object.entries({ ...head, ...fields, ...head }).flatMap(([name, value]) => {
    const text = scalarText(value);
    return text === undefined ? [] : [`${jsonText(name)}:${text}`];
  });
  return `{${entries.join(',')}}\n`;
}

/** Omits values that are not scalars, because an object such as an error may contain secrets. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return loggedText(MAX_LENGTH, value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return undefined;
}

/** Synchronous, so that lines logged directly before an exit are not lost. */
function writeToStderr(line: string): void {
  let rest = Buffer.from(line);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
  } catch {
    // A full or closed stderr must not stop the gateway.
  }
}
