import { deny, unable } from '../../core/decision.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import type { UpstreamFault } from '../../core/reasons.ts';

/** A credential and its place in the upstream request. */
export interface AttachedCredential {
  readonly kind: 'attached';
  readonly credentialSource: 'header' | 'query';
  readonly name: string;
  readonly value: string;
}

/** The upstream credential is required but unavailable, so the request is not forwarded. */
export interface CredentialFault {
  readonly kind: 'credential-fault';
  readonly reason:
    UpstreamFault | 'upstream_credential_missing' | 'narrowing_empty' | 'no_credential' | 'store_unavailable';
  readonly detail: string;
}

export function credentialFault(reason: CredentialFault['reason'], detail: string): CredentialFault {
  return { kind: 'credential-fault', reason, detail };
}

/** The keyring throws `GatehouseError` when its store has no signing key. */
export function signingFault(cause: unknown): CredentialFault {
  if (cause instanceof GatehouseError) return credentialFault('store_unavailable', cause.message);
  throw cause;
}

/** A credential that was obtained once, without its value. */
export interface ObtainedCredential {
  readonly kind: 'obtained';
  /** The result, for the line of `check --online`. */
  readonly what: string;
  /** Lifetime in seconds; undefined for a credential without one. */
  readonly seconds?: number | undefined;
  /** Scopes or permissions that the response names. */
  readonly grants?: readonly string[] | undefined;
}

/** Obtains a credential once, for `check --online`. Its texts contain no secret. */
export interface CredentialProbe {
  /** The client, app, role, user or path that the credential belongs to. */
  readonly holder: string;
  /** The settings to check if no server responds as expected, and if the server refuses the gateway. */
  readonly settings: { readonly endpoint: string; readonly login: string };
  obtain(): Promise<ObtainedCredential | CredentialFault>;
}

/** Selects the upstream credential of each request. */
export interface RequestCredential {
  /** Headers that may contain the credential; the gateway removes them from client requests. */
  readonly headers: readonly string[];
  /** Synchronous when the credential is cached; undefined when the request is sent without one. */
  attach(
    forwarding: Forwarding,
  ): AttachedCredential | CredentialFault | undefined | Promise<AttachedCredential | CredentialFault>;
  /** Called when the upstream responds with 401 to a request with this credential. */
  rejected(forwarding: Forwarding, attached: AttachedCredential | undefined): Rejection;
  /** Undefined for the client's credential, and for entries. */
  readonly probe?: CredentialProbe;
  /** By identity, if the credential depends on it. */
  readonly entries?: ReadonlyMap<string, RequestCredential>;
  close(): void;
}

/** `another`: `attach` may return a new credential; otherwise the reason of the client's response. */
export type Rejection = 'another' | 'upstream_unauthorized' | 'credential_invalid' | 'no_credential';

/** A credential in a header of the upstream request. */
export function attachedHeader(name: string, value: string): AttachedCredential {
  return { kind: 'attached', credentialSource: 'header', name, value };
}

/** Ends the request with the response for a missing upstream credential. */
export function failCredential(forwarding: Forwarding, { reason, detail }: CredentialFault): void {
  switch (reason) {
    case 'upstream_credential_missing':
    case 'narrowing_empty':
    case 'no_credential':
      return forwarding.refused(deny(reason, detail, forwarding.allow.caller));
    case 'store_unavailable':
      return forwarding.refused(unable(reason, detail));
    default:
      return forwarding.failed(reason, detail);
  }
}
