import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Decision, type Deny, type Refusal } from '../../core/decision.ts';
import type { EndpointCall } from '../../core/request/endpoint.ts';
import { UNMATCHED_IDENTITY } from '../../core/credentials/minted-token.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { RegistryAccess } from '../../core/credentials/registry-access.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { recordIssuedToken } from '../issue-token.ts';
import type { Mint } from '../mint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';
import type { RegistryTokenRequest } from './token-request.ts';

/** The registries of one host, which share one login. */
export interface RegistrySite {
  /** The longest prefix first; a prefix is empty, or ends in `/`. */
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
  /** Each of the services verifies the credential for itself. */
  readonly logIn: (...asked: Parameters<VerifyCredential>) => Promise<Login | Refusal>;
}

/** A credential that at least one service of the host accepts. */
export interface Login {
  readonly credential: VerifiedCredential;
  /** By the name of each service that accepts it. */
  readonly services: ReadonlyMap<string, VerifiedCredential>;
}

export interface RegistryTokenPorts {
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  readonly mint: Mint;
  /** The scope grammar of registries. */
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
 * One token request, from credential to token: what is granted is what was asked for, cut with what policy allows
 * now. A service that does not accept the credential grants nothing, so that a token which was issued for one service
 * cannot become one for its neighbour. A good credential gets a token even for nothing: a login asks for nothing.
 */
export async function issueRegistryToken(
  site: RegistrySite,
  request: RegistryTokenRequest,
  call: EndpointCall,
  ports: RegistryTokenPorts,
): Promise<IssuedToken | Refusal> {
  const who = await findOut(site, request, call, ports);
  if ('kind' in who) return who;
  const { login, caller } = who;
  const credential = login?.credential;

  const access: RegistryAccess[] = [];
  const operations: Operation[] = [];
  for (const wanted of ports.readScopes(request.scopes)) {
    const granted = ports
      .operationsOf(wanted)
      .filter(({ operation }) => authorize(site, login, operation)?.kind === 'allow');
    operations.push(...granted.map(({ operation }) => operation));
    access.push({ ...wanted, actions: granted.map(({ action }) => action) });
  }
  call.operations = operations;
  if (credential === undefined && operations.length === 0) {
    return deny('no_credential', 'nothing that was asked for is open to anybody');
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

interface Who {
  /** Undefined without a credential. */
  readonly login: Login | undefined;
  readonly caller: Caller | undefined;
}

const ANYONE: Who = { login: undefined, caller: undefined };

async function findOut(
  site: RegistrySite,
  { head }: RegistryTokenRequest,
  call: EndpointCall,
  ports: RegistryTokenPorts,
): Promise<Who | Refusal> {
  const presented = site.extract(head);
  if (presented === undefined) return ANYONE;
  let services: Login['services'] = new Map();
  const verified = await authenticateCaller(call, presented, async (...asked) => {
    const login = await site.logIn(...asked);
    if ('kind' in login) return login;
    services = login.services;
    return login.credential;
  });
  if ('kind' in verified) return verified;
  // A token that was issued without a credential stays one.
  if (verified.minted !== undefined && verified.minted.identity === undefined) {
    return ports.refuseRevoked(verified, undefined) ?? ANYONE;
  }
  const identified = ports.identify(verified);
  const caller = 'kind' in identified ? undefined : identified;
  const revoked = ports.refuseRevoked(verified, caller);
  if (revoked !== undefined) return revoked;
  const tolerant = site.services.some(({ name, mode }) => mode === 'shadow' && services.has(name));
  return 'kind' in identified && !tolerant
    ? identified
    : { login: { credential: verified, services }, caller };
}

/** By the service whose prefix the name has; undefined where there is none, or where it does not accept the credential. */
function authorize(site: RegistrySite, login: Login | undefined, operation: Operation): Decision | undefined {
  const service = site.services.find(({ prefix }) =>
    operation.extent === 'one' ? operation.resource.startsWith(prefix) : prefix === '',
  );
  if (service === undefined || login === undefined) return service?.authorize(undefined, [operation]);
  const credential = login.services.get(service.name);
  return credential && service.authorize(credential, [operation]);
}
