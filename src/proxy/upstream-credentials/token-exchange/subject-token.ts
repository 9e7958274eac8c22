import { createHash } from 'node:crypto';
import { ASSERTION_TYPE } from '../../../core/credentials/assertion.ts';
import type { VerifiedCredential } from '../../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../../core/credentials/deploy-token.ts';
import type { Keyring } from '../../../core/credentials/keyring.ts';
import type { Clock, Log } from '../../../core/ports.ts';
import type { Forwarding } from '../../../core/request/forwarding.ts';
import { callerClaims } from '../caller-claims.ts';
import { compileOwnAudience } from '../own-audience.ts';
import { credentialFault, signingFault, type CredentialFault } from '../request-credential.ts';
import { openTextFile } from '../secret-source.ts';

export interface SubjectSettings {
  /** `caller`: an assertion of the gateway. `callerIdToken`: the client's ID token. `gateway`: `subjectTokenFile`. */
  readonly subject: 'caller' | 'callerIdToken' | 'gateway';
  readonly subjectTokenFile?: string | undefined;
  /** `typ` of the assertion about the caller. */
  readonly assertionType?: typeof ASSERTION_TYPE | 'JWT' | undefined;
}

/** The party that a request is exchanged for. */
export interface Subject {
  readonly kind: 'subject';
  /** Differs for each credential: a token issued for one is never sent for another. */
  readonly key: string;
  /** End of the credential, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The `subject_token` of one token request. */
  token(): string | Promise<string | CredentialFault>;
}

/** Selects the subject of each request; undefined: the request is sent without a credential. */
export interface SubjectSource {
  of(forwarding: Forwarding): Subject | CredentialFault | undefined;
  /** The subject of every request; undefined if the subject depends on the caller. */
  readonly constant?: () => Subject;
  close(): void;
}

export interface SubjectPorts {
  readonly keyring: Pick<Keyring, 'sign'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ExchangingService {
  readonly name: string;
  /** `iss` of assertions. */
  readonly publicUrl: string;
  /** Audiences of the service; undefined: other services may accept the same ID token. */
  readonly audiences?: readonly string[] | undefined;
}

export function openSubjectSource(
  service: ExchangingService,
  settings: SubjectSettings & { readonly tokenEndpoint: string },
  ports: SubjectPorts,
): SubjectSource {
  switch (settings.subject) {
    case 'caller':
      return { of: createAssertedCaller(service, settings, ports), close: () => undefined };
    case 'callerIdToken':
      return { of: createIdTokenSubject(service), close: () => undefined };
    case 'gateway':
      return openSubjectFile(service.name, settings.subjectTokenFile ?? '', ports.log);
    default:
      return settings.subject satisfies never;
  }
}

/** Only the credential on which the decision is based is disclosed; anonymous requests have none. */
function createAssertedCaller(
  { publicUrl: issuer }: ExchangingService,
  {
    tokenEndpoint: audience,
    assertionType = ASSERTION_TYPE,
  }: SubjectSettings & { readonly tokenEndpoint: string },
  { keyring, clock }: SubjectPorts,
): SubjectSource['of'] {
  return ({ allow: { basis, caller } }) => {
    if (basis !== 'grant' || caller === undefined) return undefined;
    const { tokenHash } = caller.credential;
    const expiresAt = endOf(caller.credential);
    const token = (): Promise<string | CredentialFault> => {
      const validity = { now: clock.now(), expiresAt };
      return keyring
        .sign(assertionType, callerClaims(caller, { issuer, audience }, validity))
        .catch(signingFault);
    };
    return { kind: 'subject', key: `${tokenHash} ${caller.identity}`, expiresAt, token };
  };
}

/**
 * Tokens of GitLab end with their job or by revocation, and each request is refused from then on; `expiresAt` is the
 * time of the next introspection.
 */
function endOf({ class: kind, issuer, expiresAt }: VerifiedCredential): number {
  const introspected = kind === 'job_token' || (kind === 'deploy_token' && issuer !== DEPLOY_TOKENS);
  return introspected ? Infinity : expiresAt;
}

/** Another service could accept the ID token unless its audience is this service alone. */
function createIdTokenSubject({ audiences }: ExchangingService): SubjectSource['of'] {
  const isForServiceAlone = audiences && compileOwnAudience(audiences);
  return ({ allow: { basis, caller }, presented }) => {
    if (basis !== 'grant' || caller === undefined || presented === undefined) return undefined;
    if (presented.class !== 'id_token')
      return missing('only ID tokens are sent to the token service, not other credentials');
    if (isForServiceAlone === undefined)
      return missing('ID tokens are sent to a token service only for services that set audiences');
    if (!isForServiceAlone(caller.credential))
      return missing(
        'ID tokens with other audiences than those of the service are not sent to a token service',
      );
    const { tokenHash, expiresAt } = caller.credential;
    const key = `${tokenHash} ${caller.identity}`;
    return { kind: 'subject', key, expiresAt, token: () => presented.token };
  };
}

/** A changed file is another subject. */
function openSubjectFile(service: string, file: string, log: Log): SubjectSource {
  const subjectOf = (token: string): Subject => ({
    kind: 'subject',
    key: createHash('sha256').update(token).digest('hex'),
    expiresAt: Infinity,
    token: () => token,
  });
  const secret = openTextFile(service, file, log, (changed) => {
    current = subjectOf(changed);
  });
  let current = subjectOf(secret.current());
  return { of: () => current, constant: () => current, close: () => secret.close() };
}

function missing(detail: string): CredentialFault {
  return credentialFault('upstream_credential_missing', detail);
}
