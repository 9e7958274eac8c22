import { closeOnFailure } from '../../../util/resources/close-on-failure.ts';
import type { TokenTypes } from '../oauth2/oauth2-response.ts';
import {
  CLIENT_SETTINGS,
  createTokenClient,
  type TokenClientPorts,
  type TokenClientSettings,
} from '../oauth2/token-client.ts';
import { createRenewedTokens, obtainedToken, type GrantedToken } from '../renewed-tokens.ts';
import type { CredentialFault, ObtainedCredential, RequestCredential } from '../request-credential.ts';
import {
  openSubjectSource,
  type ExchangingService,
  type Subject,
  type SubjectPorts,
  type SubjectSettings,
} from './subject-token.ts';

/** Names of `urn:ietf:params:oauth:token-type:…` (RFC 8693 §3). */
type TokenTypeName = 'access_token' | 'id_token' | 'jwt';

/** Token exchange (RFC 8693) at the token service of the upstream. */
export interface TokenExchangeSettings extends TokenClientSettings, SubjectSettings {
  readonly audience?: string | undefined;
  readonly subjectTokenType?: TokenTypeName | undefined;
  readonly requestedTokenType: TokenTypeName;
}

/** The upstream credential is a token that the token service issues for the caller or for the gateway. */
export function createTokenExchange(
  service: ExchangingService,
  settings: TokenExchangeSettings,
  ports: TokenClientPorts & SubjectPorts,
): RequestCredential {
  const { client, subjects } = closeOnFailure((keep) => {
    const purpose = {
      service: service.name,
      pool: `token exchange, ${service.name}`,
      tokenTypes: tokenTypes(settings),
    } as const;
    return {
      client: keep(createTokenClient(purpose, settings, ports)),
      subjects: keep(openSubjectSource(service, settings, ports)),
    };
  });
  const grant = exchangeGrant(settings);

  async function exchange(key: string, subject: Subject): Promise<GrantedToken | CredentialFault> {
    const token = await subject.token();
    if (typeof token !== 'string') return token;
    const issued = await client.request(key, { ...grant, subject_token: token });
    return issued.kind === 'token' ? { ...issued, notAfter: subject.expiresAt } : issued;
  }

  async function obtain(): Promise<ObtainedCredential | CredentialFault> {
    const subject = subjects.constant?.();
    if (subject !== undefined) return obtainedToken(await exchange(subject.key, subject));
    const reached = await client.reach();
    if (reached.kind === 'credential-fault') return reached;
    const what = `a token needs a caller and is not requested; the token endpoint responds (status ${reached.status})`;
    return { kind: 'obtained', what };
  }

  const { clientId, subject, subjectTokenFile } = settings;
  const holder = clientId === undefined ? 'no client' : `client ${clientId}`;
  const tokens = createRenewedTokens(exchange, ports.clock);
  return {
    headers: ['authorization'],
    attach(forwarding) {
      const subject = subjects.of(forwarding);
      return subject?.kind === 'subject' ? tokens.attach(subject.key, subject) : subject;
    },
    rejected(forwarding, attached) {
      const subject = subjects.of(forwarding);
      if (subject === undefined) return 'no_credential';
      return subject.kind === 'subject' ? tokens.rejected(subject.key, attached) : 'upstream_unauthorized';
    },
    probe: {
      holder: `${holder}, for ${subject === 'gateway' ? (subjectTokenFile ?? '') : subject}`,
      settings: { ...CLIENT_SETTINGS, login: `${CLIENT_SETTINGS.login}, audience and the subject token` },
      obtain,
    },
    close() {
      client.close();
      subjects.close();
    },
  };
}

const tokenType = (name: TokenTypeName): string => `urn:ietf:params:oauth:token-type:${name}`;

/** RFC 8693 §2.2.1: `N_A` for a token that is not an access token. */
function tokenTypes({ requestedTokenType }: TokenExchangeSettings): TokenTypes {
  const types = requestedTokenType === 'access_token' ? ['bearer'] : ['bearer', 'n_a'];
  return { types, issued: tokenType(requestedTokenType) };
}

function exchangeGrant(settings: TokenExchangeSettings): Readonly<Record<string, string>> {
  const { audience, subject, requestedTokenType } = settings;
  const { subjectTokenType = subject === 'callerIdToken' ? 'id_token' : 'jwt' } = settings;
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: tokenType(requestedTokenType),
    subject_token_type: tokenType(subjectTokenType),
    ...(audience !== undefined && { audience }),
  };
}
