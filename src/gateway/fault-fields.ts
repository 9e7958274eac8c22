import type { LogFields } from '../core/ports.ts';

/** The log fields of an exception: its stack frames, but not its message, because it may quote client input. */
export function faultFields(error: unknown): LogFields & { readonly error: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = error.stack?.split('\n').filter((frame) => frame.startsWith('    at '));
  return { error: error.name, frames: frames?.slice(0, 8).join(' | ') };
}
