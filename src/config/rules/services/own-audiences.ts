import type { Draft, DraftService } from '../../model/draft.ts';
import { formatPath, type KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

/**
 * The recipient of an ID token can use it wherever the gateway accepts its audience. Refuses shared audiences where a
 * service exchanges ID tokens, and warns where it forwards them.
 */
export function checkOwnAudiences(context: RuleContext): void {
  const { draft } = context;
  for (const service of draft.services) {
    const sends = sendsIdTokens(service);
    if (sends === undefined) continue;
    const others = recipientsBeside(draft, service);
    for (const [index, audience] of (service.audiences ?? []).entries()) {
      const other = others.find(({ audiences }) => audiences?.includes(audience));
      if (other === undefined) continue;
      const message = `is accepted by ${formatPath(other.path)} too, where the upstream or its token service could use the ID tokens that it receives; give the service an audience of its own`;
      context[sends === 'exchanged' ? 'error' : 'warn'](
        ['services', service.name, 'audiences', index],
        message,
      );
    }
  }
}

function sendsIdTokens({ upstream }: DraftService): 'exchanged' | 'forwarded' | undefined {
  const auth = upstream?.auth;
  const entries = [auth, ...Object.values(auth?.perIdentity ?? {})];
  if (entries.some((entry) => entry?.tokenExchange?.subject === 'callerIdToken')) return 'exchanged';
  return auth?.forwardCredential === true ? 'forwarded' : undefined;
}

interface Recipient {
  readonly path: KeyPath;
  readonly audiences: readonly string[] | undefined;
}

/** Everything else that accepts tokens of the service's issuers. */
function recipientsBeside(
  { issuers, services, workloadIdentities, server }: Draft,
  { name: own, issuers: trusted }: DraftService,
): readonly Recipient[] {
  const isTrusted = (issuer: string): boolean => trusted?.includes(issuer) ?? true;
  const defaults = server.publicUrl === undefined ? [] : [server.publicUrl];
  return [
    ...issuers.flatMap(({ name, audiences = defaults }) =>
      isTrusted(name) ? [{ path: ['issuers', name, 'audiences'], audiences }] : [],
    ),
    ...services.flatMap((service) => {
      const { name, audiences, issuers: accepted } = service;
      if (accepted?.some(isTrusted) === false) return [];
      const publishing = 'trustedPublishing' in service ? service.trustedPublishing : undefined;
      return [
        { path: ['services', name, 'audiences'], audiences: name === own ? undefined : audiences },
        {
          path: ['services', name, 'trustedPublishing', 'audience'],
          audiences: publishing && [publishing.audience],
        },
      ];
    }),
    ...workloadIdentities.map(({ name, audiences }) => ({
      path: ['workloadIdentities', name, 'audiences'],
      audiences,
    })),
  ];
}
