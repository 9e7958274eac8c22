import { MAX_CREDENTIAL_LENGTH, type PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { createIsGatewayToken } from './gateway-token.ts';
import { classOfToken, looksLikeJws, type DeployTokenUse, type Found } from './token-class.ts';

export interface TokenClassSettings extends DeployTokenUse {
  /** `iss` of the tokens that the gateway mints. */
  readonly publicUrl: string;
}

/** What a token is that stood somewhere, wherever that was; nothing of it is verified. */
export function createCredentialFromText(
  settings: TokenClassSettings,
): (found: Found) => PresentedCredential | Deny {
  const isGatewayToken = createIsGatewayToken(settings.publicUrl);

  return function present(found) {
    const { credentialSource, token, username } = found;
    if (token.length > MAX_CREDENTIAL_LENGTH)
      return deny('request_malformed', `a credential of ${token.length} bytes`);
    if (token === '') return deny('credential_malformed', 'an empty credential');
    // Wherever it stands: as a job or deploy token it would be shown to GitLab.
    if (looksLikeJws(token) && isGatewayToken(token))
      return { class: 'access_token', credentialSource, token, username };
    const kind = classOfToken(found, settings);
    return kind === undefined
      ? deny('credential_invalid', 'neither a JWT nor a token with a known prefix')
      : { class: kind, credentialSource, token, username };
  };
}
