import type { Handle } from '../../core/request/endpoint.ts';
import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { Log } from '../../core/ports.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { apiErrorFormat, errorOfReason } from './error-format.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { jsonResponse } from '../endpoint/outcome.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

export const ME_PATH = '/v1/users/me';

export interface GrantView {
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

export interface MePorts {
  readonly extract: (head: RequestHead) => PresentedCredential | undefined | Deny;
  readonly verifyCredential: VerifyCredential;
  readonly identify: (credential: VerifiedCredential) => Caller | Deny;
  readonly refuseRevoked: (credential: VerifiedCredential, caller: Caller | undefined) => Refusal | undefined;
  readonly grantsOf: (caller: Caller) => readonly GrantView[];
  readonly log: Log;
}

/** `GET /v1/users/me`: the caller's identity and grants, the first request to send when access is denied. */
export function createMeEndpoint(ports: MePorts): Handle {
  return createBuiltInEndpoint(
    {
      async GET(call) {
        const presented = ports.extract(call.head);
        if (presented === undefined)
          return deny('no_credential', 'the request has no credential to describe');
        const verified = await authenticateCaller(call, presented, ports.verifyCredential);
        if ('kind' in verified) return verified;
        const identified = ports.identify(verified);
        const caller = 'kind' in identified ? undefined : identified;
        const revoked = ports.refuseRevoked(verified, caller);
        if (revoked !== undefined) return revoked;
        if ('kind' in identified) return identified;
        call.decision = { kind: 'allow', basis: 'grant', caller: identified, relaxed: undefined };
        call.reason = 'granted';
        return jsonResponse('application/json', describe(identified, ports.grantsOf(identified)));
      },
    },
    apiErrorFormat(errorOfReason, true),
    ports.log,
  );
}

function describe({ identity, roles, credential }: Caller, grants: readonly GrantView[]): object {
  const { class: kind, issuer, subject, minted, expiresAt, claims } = credential;
  const name = minted?.workload ?? identity;
  return {
    name: `users/${name}`,
    ...(minted?.workload === undefined ? {} : { email: minted.workload }),
    title: identity,
    identity,
    credential: kind,
    ...(minted === undefined ? {} : { mintedFrom: minted.source.class }),
    issuer,
    subject,
    ...(Number.isFinite(expiresAt) ? { expires: new Date(expiresAt).toISOString() } : {}),
    roles,
    grants,
    claims,
  };
}
