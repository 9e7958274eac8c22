/**
 * Returns a function whose first call starts `load`; all calls share the result. After a failure the next call starts it
 * again: a module does not load while file descriptors are exhausted (EMFILE), for example.
 */
export function onDemand<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () =>
    (loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    }));
}
