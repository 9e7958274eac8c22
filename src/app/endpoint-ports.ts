import type { Authenticator } from '../credentials/index.ts';
import type { Authorizer } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { PresentedCredential } from '../core/credentials/credential.ts';
import type { Deny } from '../core/decision.ts';
import type { Keyring } from '../core/credentials/keyring.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import type { Store } from '../core/store.ts';
import type { GiveOutPorts, Mint, Target } from '../token-service/index.ts';
import { createPresent, type PresentSettings } from '../credentials/index.ts';
import { refuseRevoked, type Admit } from '../gateway/index.ts';

/** What the endpoints of the gateway's own are made of. */
export interface EndpointRooms {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly revocations: Revocations;
  readonly admit: Admit;
  readonly mint: Mint;
  readonly keyring: Keyring;
  readonly store: Pick<Store, 'claim'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function presentSettings({ deployTokens, issuers, server }: Config): PresentSettings {
  return {
    deployUsernames: new Set(deployTokens.map(({ username }) => username)),
    gitlabDeployTokens: issuers.some((issuer) => issuer.deployTokens !== undefined),
    publicUrl: server.publicUrl,
  };
}

/** A token that is a parameter of a request. */
export function presentFromBody(
  settings: PresentSettings,
): (token: string, username?: string) => PresentedCredential | Deny {
  const present = createPresent(settings);
  return (token, username) => present({ carrier: 'form', token, username, isJobToken: false });
}

/** What every endpoint needs that gives tokens out. */
export function giveOutPorts(
  { issuers }: Config,
  { revocations, mint, store, clock }: EndpointRooms,
): GiveOutPorts {
  return {
    refuseRevoked: (credential, caller) => refuseRevoked(revocations, credential, caller),
    mint,
    store,
    clock,
    once: new Set(issuers.flatMap(({ name, replay }) => (replay === 'once' ? [name] : []))),
  };
}

export function admitBy(
  { admit }: Pick<EndpointRooms, 'admit'>,
  verify: Parameters<Admit>[0],
): Target['admit'] {
  return (presented, from) => admit(verify, presented, from);
}
