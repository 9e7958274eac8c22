import type { Clock, Log, Outbound } from '../contract/ports.ts';
import { createClientCredential, type ClientCredentialSettings } from './client-credential.ts';
import { basicCredential, fixedCredential, type FixedAuth } from './fixed-credential.ts';
import { createRegistryTokens, type RegistryTokenSettings } from './registry-token.ts';
import type { RequestCredential } from './request-credential.ts';

/** What is presented to the upstream: exactly one of these. Each secret stands here or in a file. */
export interface UpstreamAuth extends FixedAuth {
  /** Fetched for each set of rights, with a user name and password, or as anybody. */
  readonly registryToken?:
    | (RegistryTokenSettings & {
        readonly username?: string | undefined;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
      })
    | undefined;
  /** The client's own, where it may be shown to the upstream. */
  readonly forwardCredential?: true | undefined;
}

export interface CredentialPorts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
}

export interface CredentialService extends ClientCredentialSettings {
  readonly name: string;
  /** What clients write in front of the upstream's names. */
  readonly repositoryPrefix?: string | undefined;
}

export function createUpstreamCredential(
  service: CredentialService,
  auth: UpstreamAuth,
  ports: CredentialPorts,
): RequestCredential | undefined {
  const { registryToken, forwardCredential } = auth;
  const { name } = service;
  if (forwardCredential === true) return createClientCredential(service);
  if (registryToken === undefined) return fixedCredential(name, auth, ports.log);
  const { username, password, passwordFile } = registryToken;
  const login =
    username === undefined
      ? undefined
      : basicCredential(name, { username, password, passwordFile }, ports.log);
  const tokens = createRegistryTokens(name, registryToken, service.repositoryPrefix ?? '', {
    ...ports,
    login: () => login?.present().value,
  });
  return { ...tokens, close: () => login?.close() };
}
