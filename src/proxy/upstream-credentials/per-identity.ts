import type { Forwarding } from '../../core/request/forwarding.ts';
import { credentialFault, type RequestCredential } from './request-credential.ts';

/** The entry for callers without an entry and for anonymous requests. */
const DEFAULT_ENTRY = 'default';

/** Selects the upstream credential by the caller's identity, so that the upstream distinguishes callers. */
export function createPerIdentity(entries: ReadonlyMap<string, RequestCredential>): RequestCredential {
  const fallback = entries.get(DEFAULT_ENTRY);
  const all = [...entries.values()];

  function entryOf({ allow }: Forwarding): RequestCredential | undefined {
    const own = allow.caller && entries.get(allow.caller.identity);
    return own ?? fallback;
  }

  return {
    entries,
    headers: all.flatMap(({ headers }) => headers),
    attach(forwarding) {
      const entry = entryOf(forwarding);
      if (entry !== undefined) return entry.attach(forwarding);
      return forwarding.presented === undefined
        ? credentialFault('no_credential', 'perIdentity has no default entry for anonymous requests')
        : credentialFault(
            'upstream_credential_missing',
            'perIdentity has no entry for this identity and no default entry',
          );
    },
    rejected: (forwarding, attached) =>
      entryOf(forwarding)?.rejected(forwarding, attached) ?? 'upstream_unauthorized',
    close: () => all.forEach((entry) => entry.close()),
  };
}
