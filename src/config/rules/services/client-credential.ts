import type { DraftService } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';

/** `forwardCredential` forwards nothing that is good for more than its upstream: whoever counts on that is told. */
export function checkClientCredentials(context: RuleContext): void {
  for (const service of context.draft.services) {
    if (service.upstream.auth?.forwardCredential === undefined) continue;
    const path = ['services', service.name, 'upstream', 'auth', 'forwardCredential'];
    const { audiences, issuers } = service;
    const idTokens = context.draft.identities.find(
      ({ issuer, via }) => via.includes('id_token') && (issuers?.includes(issuer) ?? true),
    );
    if (audiences === undefined && idTokens !== undefined) {
      const message = `id tokens, as of identity "${idTokens.name}", are refused here: the service has no \`audiences\` of its own`;
      context.warn(path, message, 'key');
    }
    if (handsOutTokens(service)) {
      const message =
        'clients of a registry come with tokens of the gateway, which are refused: set `challenge: basic`';
      context.warn(path, message, 'key');
    }
  }
}

function handsOutTokens(service: DraftService): boolean {
  return service.type === 'oci' && service.challenge === 'bearer';
}
