/** Registers an opened resource and returns it. */
export type CloseOnFailure = <T extends { close(): unknown }>(opened: T) => T;

/** Opens several resources. If one cannot be opened, the resources opened before it are closed. */
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
