import type { Clock, EgressBodyClient, Log } from '../../../core/ports.ts';
import { onDemand } from '../../../util/async/on-demand.ts';
import { basicAuthorization } from '../../../util/http/basic-authorization.ts';
import { createRenewedTokens, obtainedToken, type GrantedToken } from '../renewed-tokens.ts';
import {
  attachedHeader,
  type AttachedCredential,
  type CredentialFault,
  type ObtainedCredential,
  type RequestCredential,
} from '../request-credential.ts';
import { openSecretFile } from '../secret-source.ts';
import { readAppKey } from './app-key.ts';
import type { GithubAppCredentials } from './installation-tokens.ts';
import {
  compileNarrowing,
  constantNarrowing,
  narrowsByCaller,
  type Narrowing,
  type NarrowingSettings,
} from './narrowing.ts';

export interface GithubAppSettings extends GithubAppCredentials, NarrowingSettings {
  /** Private key of the app, PEM. */
  readonly keyFile: string;
}

export interface GithubAppPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** `git`: Basic with the user name that GitHub documents for Git. `api`: Bearer. */
export type GithubAppScheme = 'git' | 'api';

/** The upstream credential is an installation token of a GitHub App, one for each narrowing. */
export function createGithubApp(
  service: string,
  settings: GithubAppSettings,
  scheme: GithubAppScheme,
  ports: GithubAppPorts,
): RequestCredential {
  const { keyFile: path } = settings;
  const key = openSecretFile(service, { path, parse: (pem) => readAppKey(pem, path) }, ports.log);
  const narrow = compileNarrowing(settings);
  const perCaller = narrowsByCaller(settings);
  const installationTokens = onDemand(async () => {
    const { createInstallationTokens } = await import('./installation-tokens.ts');
    return createInstallationTokens(service, settings, { ...ports, key: () => key.current() });
  });

  async function requestToken(narrowing: string): Promise<GrantedToken | CredentialFault> {
    const installation = await installationTokens();
    return installation.request(JSON.parse(narrowing) as Narrowing, perCaller);
  }

  async function obtain(): Promise<ObtainedCredential | CredentialFault> {
    const narrowing = constantNarrowing(settings);
    if (narrowing?.kind === 'credential-fault') return narrowing;
    if (narrowing !== undefined) return obtainedToken(await requestToken(narrowing.key));
    const found = await (await installationTokens()).find();
    if (found.kind === 'credential-fault') return found;
    const what = `a token needs a caller and is not requested; the app is installed (installation ${found.id})`;
    return { kind: 'obtained', what, grants: found.permissions };
  }

  const tokens = createRenewedTokens(
    requestToken,
    ports.clock,
    scheme === 'git' ? gitAuthorization : undefined,
  );

  return {
    headers: ['authorization'],
    attach(forwarding) {
      const narrowing = narrow(forwarding);
      return narrowing.kind === 'narrowing' ? tokens.attach(narrowing.key) : narrowing;
    },
    rejected(forwarding, attached) {
      const narrowing = narrow(forwarding);
      return narrowing.kind === 'narrowing'
        ? tokens.rejected(narrowing.key, attached)
        : 'upstream_unauthorized';
    },
    probe: {
      holder: `app ${settings.appId}, installation ${settings.installation}`,
      settings: {
        endpoint: 'apiUrl and caFile',
        login: 'appId, keyFile, installation, permissions and repositories',
      },
      obtain,
    },
    close: () => key.close(),
  };
}

function gitAuthorization(token: string): AttachedCredential {
  return attachedHeader('Authorization', basicAuthorization('x-access-token', token));
}
