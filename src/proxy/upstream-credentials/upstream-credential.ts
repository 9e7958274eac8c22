import type { Keyring } from '../../core/credentials/keyring.ts';
import type { Clock, EgressBodyClient } from '../../core/ports.ts';
import type { OpenVault, VaultField } from '../../core/vault.ts';
import { closeOnFailure } from '../../util/resources/close-on-failure.ts';
import type { AwsSettings } from './aws/aws-settings.ts';
import { createAwsToken } from './aws/aws-token.ts';
import { createConanToken, type ConanTokenSettings } from './conan-token.ts';
import { createClientCredential, type ClientCredentialSettings } from './client-credential.ts';
import { basicCredential, fixedCredential, type FixedAuth } from './fixed-credential.ts';
import { createGithubApp, type GithubAppSettings } from './github-app/github-app.ts';
import { createOAuth2Token, type OAuth2Settings } from './oauth2/oauth2-token.ts';
import { createPerIdentity } from './per-identity.ts';
import { createRegistryTokens, type RegistryTokenSettings } from './registry-token.ts';
import type { RequestCredential } from './request-credential.ts';
import type { ExchangingService } from './token-exchange/subject-token.ts';
import { createTokenExchange, type TokenExchangeSettings } from './token-exchange/token-exchange.ts';
import type { SecretPorts } from './secret-source.ts';
import { createVaultCredential, type VaultCredentialSettings } from './vault/vault-credential.ts';

/** A credential of the gateway; exactly one member is set. */
export interface GatewayAuth extends FixedAuth {
  /** Tokens requested per set of scopes, with a user name and password or anonymously. */
  readonly registryToken?:
    | (RegistryTokenSettings & {
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
        readonly passwordFromVault?: VaultField | undefined;
      })
    | undefined;
  /** A token of a Conan server, for a user name and password. */
  readonly conanToken?: (ConanTokenSettings & NonNullable<FixedAuth['basic']>) | undefined;
  readonly oauth2?: OAuth2Settings | undefined;
  readonly tokenExchange?: TokenExchangeSettings | undefined;
  readonly githubApp?: GithubAppSettings | undefined;
  readonly aws?: AwsSettings | undefined;
  readonly vault?: VaultCredentialSettings | undefined;
}

/** The upstream credential; exactly one member is set. */
export interface UpstreamAuth extends GatewayAuth {
  /** Identity name → the gateway's credential for requests of that identity. */
  readonly perIdentity?: Readonly<Record<string, GatewayAuth>> | undefined;
  /** Forwards the client's credential. */
  readonly forwardCredential?: true | undefined;
}

export interface CredentialPorts extends SecretPorts {
  readonly egress: EgressBodyClient;
  readonly keyring: Pick<Keyring, 'sign'>;
  readonly clock: Clock;
  readonly openVault: OpenVault;
}

export interface CredentialService extends ClientCredentialSettings, ExchangingService {
  /** Type of the service. */
  readonly type: string;
  /** Prefix of the repository names that clients use; removed for the upstream. */
  readonly repositoryPrefix?: string | undefined;
}

/** Returns the source of the credentials that the gateway sends to the upstream; undefined if it sends none. */
export function createUpstreamCredential(
  service: CredentialService,
  { forwardCredential, perIdentity, ...gatewayAuth }: UpstreamAuth,
  ports: CredentialPorts,
): RequestCredential | undefined {
  if (forwardCredential === true) return createClientCredential(service);
  if (perIdentity === undefined) return gatewayCredential(service, gatewayAuth, ports);
  return closeOnFailure((keep) => {
    const entries = Object.entries(perIdentity).flatMap(([identity, entry]) => {
      const credential = gatewayCredential(service, entry, ports);
      return credential === undefined ? [] : [[identity, keep(credential)] as const];
    });
    return createPerIdentity(new Map(entries));
  });
}

function gatewayCredential(
  service: CredentialService,
  { oauth2, tokenExchange, githubApp, aws, conanToken, registryToken, vault, ...fixed }: GatewayAuth,
  ports: CredentialPorts,
): RequestCredential | undefined {
  const { name, type, repositoryPrefix = '' } = service;
  if (tokenExchange !== undefined) return createTokenExchange(service, tokenExchange, ports);
  if (oauth2 !== undefined) return createOAuth2Token(name, oauth2, ports);
  if (githubApp !== undefined) return createGithubApp(name, githubApp, type === 'git' ? 'git' : 'api', ports);
  if (aws !== undefined) return createAwsToken(name, aws, ports);
  if (vault !== undefined) return createVaultCredential(name, vault, ports);
  if (conanToken !== undefined) {
    const login = basicCredential(name, conanToken, ports);
    const token = createConanToken(name, conanToken, { ...ports, login: () => login.attach().value });
    return { ...token, close: () => login.close() };
  }
  if (registryToken === undefined) return fixedCredential(name, fixed, ports);
  const { username, password, passwordFile, passwordFromVault } = registryToken;
  const secret = { password, passwordFile, passwordFromVault };
  const login = username === undefined ? undefined : basicCredential(name, { username, ...secret }, ports);
  const tokens = createRegistryTokens(name, registryToken, repositoryPrefix, {
    ...ports,
    login: () => login?.attach().value,
  });
  return { ...tokens, close: () => login?.close() };
}
