import { MAX_CREDENTIAL_LENGTH, type PresentedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { withMistake } from '../mistakes.ts';
import { createIsGatewayToken } from './gateway-token.ts';
import { classOfToken, looksLikeJws, type DeployTokenUse, type Found } from './token-class.ts';

/** What the class of a token depends on. */
export interface TokenClassSettings extends DeployTokenUse {
  /** `iss` of the tokens that the gateway mints. */
  readonly publicUrl: string;
}

/** Creates a function that determines the class of an extracted token, without verifying it. */
export function createCredentialFromText(
  settings: TokenClassSettings,
): (found: Found) => PresentedCredential | Deny {
  const isGatewayToken = createIsGatewayToken(settings.publicUrl);

  return function toCredential(found) {
    const { credentialSource, token, username } = found;
    if (token.length > MAX_CREDENTIAL_LENGTH) {
      const detail = `the credential has ${token.length} characters; 16384 are allowed`;
      return withMistake(deny('request_malformed', detail), found);
    }
    if (token === '') return withMistake(deny('credential_malformed', 'the credential is empty'), found);
    // Takes precedence over the credential source: the gateway would send a job token or deploy token to
    // GitLab.
    if (looksLikeJws(token) && isGatewayToken(token))
      return { class: 'access_token', credentialSource, token, username };
    const kind = classOfToken(found, settings);
    return kind === undefined
      ? withMistake(
          deny('credential_invalid', 'the credential is neither a JWT nor a token with a known prefix'),
          found,
        )
      : { class: kind, credentialSource, token, username };
  };
}
