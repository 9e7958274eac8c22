import type { KeyObject } from 'node:crypto';
import { GITHUB_API_HEADERS } from '../../../core/github-api.ts';
import type { Clock, EgressBodyClient, EgressResult, Log } from '../../../core/ports.ts';
import { SingleFlight } from '../../../util/async/single-flight.ts';
import { createFaultPauses, PAUSE_AFTER_FAULT } from '../../../util/limits/fault-pauses.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';
import { signAppJwt } from './app-key.ts';
import {
  forApp,
  readInstallation,
  readInstallationToken,
  type GithubFailure,
  type Installation,
} from './github-response.ts';
import type { Narrowing } from './narrowing.ts';

export interface GithubAppCredentials {
  /** Base URL of the API: `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  /** App id or client id. */
  readonly appId: number | string;
  /** Installation id, or a repository (`OWNER/NAME`) of the installation. */
  readonly installation: number | string;
  readonly caFile?: string | undefined;
}

export interface InstallationTokenPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
  readonly log: Log;
  /** The current key of the app. */
  readonly key: () => KeyObject;
}

export interface InstallationTokens {
  /** Requests the token of a narrowing; `perCaller`: the narrowing depends on claims of the caller. */
  request(narrowing: Narrowing, perCaller: boolean): Promise<GrantedToken | CredentialFault>;
  /** Finds the installation, without a token. */
  find(): Promise<Installation | CredentialFault>;
}

/** Bytes. The response describes up to 500 repositories, each in about 6 KiB. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Requests installation tokens: GitHub docs, "Generating an installation access token for a GitHub App". */
export function createInstallationTokens(
  service: string,
  settings: GithubAppCredentials,
  { egress, clock, log, key }: InstallationTokenPorts,
): InstallationTokens {
  const { appId, installation, caFile } = settings;
  const base = settings.apiUrl.replace(/\/+$/, '');
  const pauses = {
    app: createFaultPauses<CredentialFault>(clock),
    narrowing: createFaultPauses<CredentialFault>(clock),
  };
  const lookups = new SingleFlight<number | GithubFailure>(1);
  let known: number | undefined = typeof installation === 'number' ? installation : undefined;

  async function call<Result>(
    path: string,
    json: unknown,
    read: (response: EgressResult & { readonly kind: 'response' }) => Result,
  ): Promise<Result | GithubFailure> {
    const headers = {
      ...GITHUB_API_HEADERS,
      authorization: `Bearer ${await signAppJwt(key(), appId, clock.now())}`,
    };
    const request = {
      url: `${base}${path}`,
      caFile,
      pool: `GitHub App, ${service}`,
      maxBytes: MAX_BYTES,
    } as const;
    const result = await (json === undefined
      ? egress.get({ ...request, headers })
      : egress.post({ ...request, headers, json }));
    if (result.kind === 'response') return read(result);
    const fault = credentialFault('upstream_unreachable', `the GitHub API: ${result.detail}`);
    return forApp(fault, PAUSE_AFTER_FAULT);
  }

  function readConfigured(): Promise<Installation | GithubFailure> {
    const path =
      typeof installation === 'number'
        ? `/app/installations/${installation}`
        : `/repos/${installation}/installation`;
    return call(path, undefined, readInstallation);
  }

  async function findInstallation(): Promise<number | GithubFailure> {
    const found = await readConfigured();
    if (found.kind === 'installation') return (known = found.id);
    // The configuration names the repository, so the failure concerns every narrowing.
    return { ...found, concerns: 'app' };
  }

  async function requestToken(narrowing: Narrowing): Promise<GrantedToken | GithubFailure> {
    const id = known ?? (await lookups.run('', findInstallation));
    if (typeof id !== 'number') return id;
    const limits = {
      permissions: narrowing.permissions,
      repositories: narrowing.repositories?.map((name) => name.slice(name.indexOf('/') + 1)),
      repository_ids: narrowing.repositoryIds,
    };
    return call(`/app/installations/${id}/access_tokens`, limits, (response) => {
      // The app was installed again, with another id.
      if (response.status === 404 && typeof installation === 'string') known = undefined;
      return readInstallationToken(response, narrowing, clock.now());
    });
  }

  async function request(narrowing: Narrowing, perCaller: boolean): Promise<GrantedToken | CredentialFault> {
    const current = key();
    const id = JSON.stringify(narrowing);
    const paused = pauses.app.active('', current) ?? pauses.narrowing.active(id, current);
    if (paused !== undefined) return paused;
    const result = await requestToken(narrowing);
    if (result.kind === 'token') return result;
    const { concerns, pause } = result;
    const fault = perCaller && concerns === 'narrowing' ? forCaller(result.fault) : result.fault;
    pauses[concerns].note(concerns === 'app' ? '' : id, current, { fault, pause });
    const level = concerns === 'app' ? 'error' : 'warn';
    log[level]('no installation token of a GitHub App', {
      service,
      reason: fault.reason,
      detail: fault.detail,
    });
    return fault;
  }

  return {
    request,
    async find() {
      const found = await readConfigured();
      return found.kind === 'installation' ? found : found.fault;
    },
  };
}

/** The claims of the caller select a repository or permission that the installation does not have. */
function forCaller({ detail }: CredentialFault): CredentialFault {
  return credentialFault('upstream_credential_missing', detail);
}
