import type { PresentedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';
import { CREDENTIAL_PARAMETERS } from '../headers/credential-parameters.ts';
import { CredentialFault, type AttachedCredential, type RequestCredential } from './request-credential.ts';

export interface ClientCredentialSettings {
  /** Of the service's own; undefined: a token that it takes may be good at others too. */
  readonly audiences?: readonly string[] | undefined;
  /** Query parameters that carry credentials to this type of upstream. */
  readonly credentialQueryParameters: readonly string[];
}

/**
 * The client's own credential, for an upstream that gave it out or knows it: in the credential source that it came in, as it was
 * verified. What an upstream gets it can use, so one that is good for more than this upstream is not shown to it.
 */
export function createClientCredential(settings: ClientCredentialSettings): RequestCredential {
  const { audiences, credentialQueryParameters } = settings;
  const parameters = new Set([...CREDENTIAL_PARAMETERS, ...credentialQueryParameters]);

  function carried({ credentialSource, token, username }: PresentedCredential, { head }: Forwarding) {
    switch (credentialSource) {
      case 'bearer':
        return header('Authorization', `Bearer ${token}`);
      case 'basic':
        return header('Authorization', `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}`);
      case 'raw-authorization':
        return header('Authorization', token);
      case 'job-token':
        return header('Job-Token', token);
      case 'deploy-token':
        return header('Deploy-Token', token);
      case 'private-token':
        return header('Private-Token', token);
      case 'x-nuget-apikey':
        return header('X-NuGet-ApiKey', token);
      case 'query': {
        const part = queryParts(head.query).find(
          ({ text }) => parameters.has(parameterName(text)) && parameterValue(text) === token,
        );
        if (part === undefined) return missing('the query has it no more');
        return { credentialSource: 'query', name: parameterName(part.text), value: token } as const;
      }
      // It stands in the body, which goes on as it came.
      case 'form':
        return undefined;
      default:
        return credentialSource satisfies never;
    }
  }

  return {
    headers: [],
    attach(forwarding) {
      const { allow, presented } = forwarding;
      // Of a credential that policy did not count on, the upstream learns nothing.
      if (presented === undefined || allow.basis !== 'grant') return undefined;
      switch (presented.class) {
        case 'job_token':
          return carried(presented, forwarding);
        case 'deploy_token':
          return allow.caller?.credential.issuer === DEPLOY_TOKENS
            ? missing('a deploy token of the configuration is for the gateway alone')
            : carried(presented, forwarding);
        case 'id_token':
          return audiences === undefined
            ? missing('an id token is not forwarded: the service has no audiences of its own')
            : carried(presented, forwarding);
        case 'access_token':
          return missing('a minted token is for the gateway alone');
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

function header(name: string, value: string): AttachedCredential {
  return { credentialSource: 'header', name, value };
}

function missing(detail: string): CredentialFault {
  return new CredentialFault('upstream_credential_missing', detail);
}
