import type { Forwarding } from '../../core/request/forwarding.ts';
import { CredentialFault, type RequestCredential } from './request-credential.ts';

/** The entry for callers who have none of their own, and for requests of nobody. */
const DEFAULT_ENTRY = 'default';

/** Another credential for each identity: the upstream sees whose request it is, by tokens of its own. */
export function createPerIdentity(entries: ReadonlyMap<string, RequestCredential>): RequestCredential {
  const fallback = entries.get(DEFAULT_ENTRY);
  const all = [...entries.values()];

  function entryOf({ allow }: Forwarding): RequestCredential | undefined {
    const own = allow.caller && entries.get(allow.caller.identity);
    return own ?? fallback;
  }

  return {
    headers: all.flatMap(({ headers }) => headers),
    attach(forwarding) {
      const entry = entryOf(forwarding);
      if (entry !== undefined) return entry.attach(forwarding);
      return forwarding.presented === undefined
        ? new CredentialFault('no_credential', 'no default entry in perIdentity for requests of nobody')
        : new CredentialFault('upstream_credential_missing', 'no entry in perIdentity, and no default');
    },
    rejected: (forwarding, presented) =>
      entryOf(forwarding)?.rejected(forwarding, presented) ?? 'upstream_unauthorized',
    close: () => all.forEach((entry) => entry.close()),
  };
}
