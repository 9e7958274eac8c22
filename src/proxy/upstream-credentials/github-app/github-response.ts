import type { EgressResponse } from '../../../core/ports.ts';
import { rateLimitOf } from '../../../core/rate-limit.ts';
import { parseJsonObject } from '../../../util/json/object.ts';
import {
  PAUSE_AFTER_FAULT,
  PAUSE_AFTER_REJECTION,
  type PausedFault,
} from '../../../util/limits/fault-pauses.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';
import { permissionsOf, repositoriesOf } from './granted-rights.ts';
import type { Narrowing } from './narrowing.ts';

/** A failure of a call of GitHub's API. */
export interface GithubFailure extends PausedFault<CredentialFault> {
  readonly kind: 'failure';
  /** `narrowing`: other narrowings may succeed. */
  readonly concerns: 'app' | 'narrowing';
}

export interface Installation {
  readonly kind: 'installation';
  readonly id: number;
  /** `NAME:LEVEL` of each permission. */
  readonly permissions: readonly string[];
}

/** Milliseconds for which a repository or permission that GitHub does not know is not requested again. */
const PAUSE_AFTER_UNKNOWN = 30_000;

/** Reads the response of `GET /repos/OWNER/NAME/installation` or `GET /app/installations/ID`. */
export function readInstallation(response: EgressResponse): Installation | GithubFailure {
  if (response.status !== 200) return readFailure(response);
  const { id, permissions } = membersOf(response);
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0
    ? { kind: 'installation', id, permissions: permissionsOf(permissions) }
    : invalid('the GitHub API returned no installation');
}

const MAX_TOKEN_LENGTH = 16 * 1024;

/**
 * Reads the response of `POST /app/installations/ID/access_tokens`. The request names repositories without their owner,
 * and a claim may name one of another owner: the response must name exactly the requested ones.
 */
export function readInstallationToken(
  response: EgressResponse,
  { repositories, repositoryIds }: Narrowing,
  now: number,
): GrantedToken | GithubFailure {
  if (response.status !== 201) return readFailure(response);
  const { token, expires_at: expiry, repositories: granted, permissions } = membersOf(response);
  // Installation tokens are opaque, and have up to 520 characters.
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token))
    return invalid('the GitHub API returned no usable token');
  const expiresAt = typeof expiry === 'string' ? Date.parse(expiry) : Number.NaN;
  if (Number.isNaN(expiresAt)) return invalid('the GitHub API returned a token without expires_at');
  if (repositories !== undefined || repositoryIds !== undefined) {
    const requested = [...(repositories ?? []), ...(repositoryIds ?? [])];
    if (!Array.isArray(granted) || granted.length === 0)
      return invalid('the GitHub API does not confirm the repositories of the token');
    if (!granted.every((repository) => requested.some((wanted) => isNamed(repository, wanted))))
      return unknown('the installation belongs to another owner than the requested repository');
  }
  const seconds = (expiresAt - now) / 1000;
  return {
    kind: 'token',
    token,
    seconds,
    grants: [...permissionsOf(permissions), ...repositoriesOf(granted)],
  };
}

/** GitHub compares names without regard to case. */
function isNamed(repository: unknown, wanted: string | number): boolean {
  if (typeof repository !== 'object' || repository === null) return false;
  const { id, name, full_name: fullName } = repository as Readonly<Record<string, unknown>>;
  if (typeof wanted === 'number') return id === wanted;
  const given = wanted.includes('/') ? fullName : name;
  return typeof given === 'string' && given.toLowerCase() === wanted.toLowerCase();
}

function readFailure(response: EgressResponse): GithubFailure {
  const { status } = response;
  const wait = rateLimitOf(response);
  if (wait !== undefined) {
    const detail = `the rate limit of the GitHub API is exhausted for ${wait} s (${status})`;
    return forApp(credentialFault('upstream_unreachable', detail), wait * 1000);
  }
  const detail = `the GitHub API responded with ${status}`;
  switch (status) {
    case 401:
    case 403:
      return forApp(credentialFault('upstream_unauthorized', detail), PAUSE_AFTER_REJECTION);
    case 404:
    case 422:
      return unknown(`${detail}: the installation does not cover the repository or permission`);
    default:
      return invalid(detail);
  }
}

function membersOf({ body }: EgressResponse): Readonly<Record<string, unknown>> {
  const json = parseJsonObject(body);
  return json.kind === 'object' ? json.value : {};
}

function unknown(detail: string): GithubFailure {
  const fault = credentialFault('upstream_unauthorized', detail);
  return { kind: 'failure', concerns: 'narrowing', fault, pause: PAUSE_AFTER_UNKNOWN };
}

function invalid(detail: string): GithubFailure {
  return forApp(credentialFault('upstream_invalid', detail), PAUSE_AFTER_FAULT);
}

/** A failure that concerns every narrowing. */
export function forApp(fault: CredentialFault, pause: number): GithubFailure {
  return { kind: 'failure', concerns: 'app', fault, pause };
}
