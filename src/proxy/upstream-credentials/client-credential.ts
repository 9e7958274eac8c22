import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';
import { basicAuthorization } from '../../util/http/basic-authorization.ts';
import { CREDENTIAL_PARAMETERS } from '../headers/credential-parameters.ts';
import { compileOwnAudience } from './own-audience.ts';
import {
  credentialFault,
  type AttachedCredential,
  type CredentialFault,
  type RequestCredential,
  attachedHeader,
} from './request-credential.ts';

export interface ClientCredentialSettings {
  /** Audiences of the service; undefined: the issuer's audiences apply, and other services may accept the same token. */
  readonly audiences?: readonly string[] | undefined;
  /** Query parameters that this type of upstream reads as credentials. */
  readonly credentialQueryParameters: readonly string[];
}

/**
 * Forwards the client's credential in the credential source in which it was verified. The upstream can reuse the
 * credential, so one that other recipients accept is not forwarded.
 */
export function createClientCredential(settings: ClientCredentialSettings): RequestCredential {
  const { audiences, credentialQueryParameters } = settings;
  const isForServiceAlone = audiences && compileOwnAudience(audiences);
  const parameters = new Set([...CREDENTIAL_PARAMETERS, ...credentialQueryParameters]);
  return {
    headers: [],
    attach(forwarding) {
      const { allow, presented } = forwarding;
      // A credential that was not the basis of the decision is not disclosed to the upstream.
      if (presented === undefined || allow.basis !== 'grant') return undefined;
      switch (presented.class) {
        case 'job_token':
          return reattach(presented, forwarding, parameters);
        case 'deploy_token':
          return allow.caller?.credential.issuer === DEPLOY_TOKENS
            ? missing('deploy tokens of the configuration are not forwarded')
            : reattach(presented, forwarding, parameters);
        case 'id_token':
          if (isForServiceAlone === undefined)
            return missing('ID tokens are forwarded only to services that set audiences');
          return isForServiceAlone(allow.caller?.credential)
            ? reattach(presented, forwarding, parameters)
            : missing('ID tokens with other audiences than those of the service are not forwarded');
        case 'access_token':
          return missing('access tokens issued by the gateway are not forwarded');
        default:
          return presented.class satisfies never;
      }
    },
    rejected({ allow }) {
      switch (allow.basis) {
        case 'grant':
          return 'credential_invalid';
        case 'anonymous':
          return 'no_credential';
        case 'shadow':
          return 'upstream_unauthorized';
        default:
          return allow.basis satisfies never;
      }
    },
    close: () => undefined,
  };
}

/** Undefined for a form field: the body is forwarded unchanged. */
function reattach(
  { credentialSource, token, username }: PresentedCredential,
  { head }: Forwarding,
  parameters: ReadonlySet<string>,
): AttachedCredential | CredentialFault | undefined {
  switch (credentialSource) {
    case 'bearer':
      return attachedHeader('Authorization', `Bearer ${token}`);
    case 'basic':
      return attachedHeader('Authorization', basicAuthorization(username ?? '', token));
    case 'raw-authorization':
      return attachedHeader('Authorization', token);
    case 'job-token':
      return attachedHeader('Job-Token', token);
    case 'deploy-token':
      return attachedHeader('Deploy-Token', token);
    case 'private-token':
      return attachedHeader('Private-Token', token);
    case 'x-nuget-apikey':
      return attachedHeader('X-NuGet-ApiKey', token);
    case 'query':
      return queryParameter(head.query, token, parameters);
    case 'form':
      return undefined;
    case 'ticket':
      return missing('tickets are not forwarded');
    default:
      return credentialSource satisfies never;
  }
}

function queryParameter(
  query: string,
  token: string,
  parameters: ReadonlySet<string>,
): AttachedCredential | CredentialFault {
  const part = queryParts(query).find(
    ({ text }) => parameters.has(parameterName(text)) && parameterValue(text) === token,
  );
  if (part === undefined) return missing('the credential is not in the query');
  return { kind: 'attached', credentialSource: 'query', name: parameterName(part.text), value: token };
}

function missing(detail: string): CredentialFault {
  return credentialFault('upstream_credential_missing', detail);
}
