/** Notes what has been opened, and hands it on. */
export type CloseOnFailure = <T extends { close(): unknown }>(opened: T) => T;

/** Opens several things: all of them, or where one cannot be had, none; what was opened before it is let go of. */
export function closeOnFailure<T>(open: (keep: CloseOnFailure) => T): T {
  const kept: { close(): unknown }[] = [];
  try {
    return open((opened) => {
      kept.push(opened);
      return opened;
    });
  } catch (error) {
    for (const opened of kept) void opened.close();
    throw error;
  }
}
