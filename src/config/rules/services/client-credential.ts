import type { DraftService } from '../../model/draft.ts';
import type { RuleContext } from '../rule.ts';

/** `forwardCredential` never forwards credentials that other services accept. Warns if clients use only such credentials. */
export function checkClientCredentials(context: RuleContext): void {
  for (const service of context.draft.services) {
    if (service.upstream?.auth?.forwardCredential === undefined) continue;
    const path = ['services', service.name, 'upstream', 'auth', 'forwardCredential'];
    const { audiences, issuers } = service;
    const idTokens = context.draft.identities.find(
      ({ issuer, via }) => via.includes('id_token') && (issuers?.includes(issuer) ?? true),
    );
    if (audiences === undefined && idTokens !== undefined) {
      const message = `ID tokens, as of identity "${idTokens.name}", are never forwarded: the service has no \`audiences\``;
      context.warn(path, message, 'key');
    }
    const message = issuedTokens(service);
    if (message !== undefined) context.warn(path, message, 'key');
  }
}

/** Undefined if clients send the credential of the caller. */
function issuedTokens(service: DraftService): string | undefined {
  if (service.type === 'conan')
    return 'Conan sends tokens issued by the gateway, which are never forwarded; use another kind';
  return service.type === 'oci' && service.challenge === 'bearer'
    ? 'registry clients send tokens issued by the gateway, which are never forwarded; set `challenge: basic`'
    : undefined;
}
