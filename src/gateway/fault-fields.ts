import type { LogFields } from '../core/ports.ts';

/** What the log is told of an exception: frames, never its message, which may quote what a client sent. */
export function faultFields(error: unknown): LogFields & { readonly error: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = error.stack?.split('\n').filter((frame) => frame.startsWith('    at '));
  return { error: error.name, frames: frames?.slice(0, 8).join(' | ') };
}
