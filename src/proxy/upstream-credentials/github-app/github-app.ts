import { attachedHeader, type AttachedCredential } from '../request-credential.ts';
import type { Clock, EgressBodyClient, Log } from '../../../core/ports.ts';
import { createRenewedTokens } from '../renewed-tokens.ts';
import type { RequestCredential } from '../request-credential.ts';
import { openSecretFile } from '../secret-source.ts';
import { readAppKey } from './app-key.ts';
import type { GithubAppCredentials, RequestInstallationToken } from './installation-tokens.ts';
import { compileNarrowing, narrowsByCaller, type Narrowing, type NarrowingSettings } from './narrowing.ts';

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
  let loading: Promise<RequestInstallationToken> | undefined;

  /** Its module is loaded on demand. */
  async function load(): Promise<RequestInstallationToken> {
    const { createInstallationTokens } = await import('./installation-tokens.ts');
    return createInstallationTokens(service, settings, { ...ports, key: () => key.current() });
  }

  const tokens = createRenewedTokens(
    async (narrowing) => {
      const request = await (loading ??= load());
      return request(JSON.parse(narrowing) as Narrowing, perCaller);
    },
    ports.clock,
    scheme === 'git' ? gitAuthorization : undefined,
  );

  return {
    headers: ['authorization'],
    attach(forwarding) {
      const narrowing = narrow(forwarding);
      return narrowing.kind === 'narrowing' ? tokens.attach(narrowing.key) : narrowing;
    },
    rejected(forwarding, presented) {
      const narrowing = narrow(forwarding);
      return narrowing.kind === 'narrowing'
        ? tokens.rejected(narrowing.key, presented)
        : 'upstream_unauthorized';
    },
    close: () => key.close(),
  };
}

function gitAuthorization(token: string): AttachedCredential {
  const login = Buffer.from(`x-access-token:${token}`).toString('base64');
  return attachedHeader('Authorization', `Basic ${login}`);
}
