import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Decision, type Deny, type Refusal } from '../../core/decision.ts';
import type { RefuseEnded } from '../../core/credentials/liveness.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import { UNMATCHED_IDENTITY } from '../../core/credentials/minted-token.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { RegistryAccess } from '../../core/credentials/registry-access.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { recordIssuedToken } from '../issue-token.ts';
import type { Mint } from '../mint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import type { RegistryTokenRequest } from './token-request.ts';

/** The registries of one host. They share one login. */
export interface RegistrySite {
  /** In descending order of prefix length; a prefix is empty or ends in `/`. */
  readonly services: readonly {
    readonly name: string;
    readonly prefix: string;
    readonly mode: 'enforce' | 'shadow';
    readonly authorize: (
      credential: VerifiedCredential | undefined,
      operations: readonly Operation[],
    ) => Decision;
  }[];
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  /** Verifies the credential with the issuers and audiences of each service. */
  readonly logIn: (...parameters: Parameters<VerifyCredential>) => Promise<Login | Refusal>;
}

/** A credential that at least one service of the host accepts. */
export interface Login {
  readonly credential: VerifiedCredential;
  /** The verified credential, by the name of each service that accepts it. */
  readonly services: ReadonlyMap<string, VerifiedCredential>;
}

export interface RegistryTokenPorts {
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  /** Undefined if no issuer reports whether a job runs. */
  readonly refuseEnded: RefuseEnded | undefined;
  readonly mint: Mint;
  /** Parses `scope` parameters (distribution scope grammar). */
  readonly readScopes: (values: readonly string[]) => readonly RegistryAccess[];
  readonly operationsOf: (
    access: RegistryAccess,
  ) => readonly { readonly action: string; readonly operation: Operation }[];
}

export interface IssuedToken {
  readonly kind: 'issued';
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly access: readonly RegistryAccess[];
}

/**
 * Issues a registry token for the intersection of the requested access and the current policy. A service that does
 * not accept the credential grants nothing, so a token for one service cannot become a token for another on the same
 * host. A valid credential gets a token even without access, because a login requests none.
 */
export async function issueRegistryToken(
  site: RegistrySite,
  request: RegistryTokenRequest,
  call: EndpointCall,
  ports: RegistryTokenPorts,
): Promise<IssuedToken | Refusal> {
  const authenticated = await authenticateLogin(site, request, call, ports);
  if ('kind' in authenticated) return authenticated;
  const { login, caller } = authenticated;
  const credential = login?.credential;

  const access: RegistryAccess[] = [];
  const operations: Operation[] = [];
  for (const requested of ports.readScopes(request.scopes)) {
    const granted = ports
      .operationsOf(requested)
      .filter(({ operation }) => authorize(site, login, operation)?.kind === 'allow');
    operations.push(...granted.map(({ operation }) => operation));
    access.push({ ...requested, actions: granted.map(({ action }) => action) });
  }
  call.operations = operations;
  if (credential === undefined && operations.length === 0) {
    return deny('no_credential', 'the requested access is not granted to anonymous clients');
  }

  const minted = await ports.mint({
    source: credential,
    identity: caller?.identity ?? UNMATCHED_IDENTITY,
    audience: request.service,
    extra: { access, scope: scopeText(access) },
  });
  if (minted.kind === 'deny') return { ...minted, caller };
  const basis = credential === undefined ? 'anonymous' : caller === undefined ? 'shadow' : 'grant';
  recordIssuedToken(call, minted, basis, caller);
  return { kind: 'issued', token: minted.token, expiresIn: minted.expiresIn, access };
}

export function scopeText(access: readonly RegistryAccess[]): string {
  return access
    .filter(({ actions }) => actions.length > 0)
    .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
    .join(' ');
}

interface AuthenticatedLogin {
  /** Undefined without a credential. */
  readonly login: Login | undefined;
  readonly caller: Caller | undefined;
}

const ANONYMOUS: AuthenticatedLogin = { login: undefined, caller: undefined };

async function authenticateLogin(
  site: RegistrySite,
  { head }: RegistryTokenRequest,
  call: EndpointCall,
  ports: RegistryTokenPorts,
): Promise<AuthenticatedLogin | Refusal> {
  const presented = site.extract(head);
  if (presented === undefined) return ANONYMOUS;
  let services: Login['services'] = new Map();
  const verified = await authenticateCaller(call, presented, async (...parameters) => {
    const login = await site.logIn(...parameters);
    if ('kind' in login) return login;
    services = login.services;
    return login.credential;
  });
  if ('kind' in verified) return verified;
  // A token that was issued anonymously stays anonymous.
  if (verified.minted !== undefined && verified.minted.identity === undefined) {
    return ports.refuseRevoked(verified, undefined) ?? ANONYMOUS;
  }
  const identified = ports.identify(verified);
  const caller = 'kind' in identified ? undefined : identified;
  const revoked = ports.refuseRevoked(verified, caller);
  if (revoked !== undefined) return revoked;
  const shadowed = site.services.some(({ name, mode }) => mode === 'shadow' && services.has(name));
  if ('kind' in identified && !shadowed) return identified;
  const ended = await ports.refuseEnded?.(verified, call.presented?.token ?? '', caller);
  return ended ?? { login: { credential: verified, services }, caller };
}

/**
 * Authorizes with the service whose prefix matches the resource. Returns undefined when no service matches, or when
 * the service does not accept the credential.
 */
function authorize(site: RegistrySite, login: Login | undefined, operation: Operation): Decision | undefined {
  const service = site.services.find(({ prefix }) =>
    operation.extent === 'one' ? operation.resource.startsWith(prefix) : prefix === '',
  );
  if (service === undefined || login === undefined) return service?.authorize(undefined, [operation]);
  const credential = login.services.get(service.name);
  return credential && service.authorize(credential, [operation]);
}
