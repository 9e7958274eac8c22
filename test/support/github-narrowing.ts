export interface GithubRepository {
  readonly id: number;
  readonly fullName: string;
}

type Permissions = Readonly<Record<string, string>>;

/** A valid body of `POST /app/installations/ID/access_tokens`, or the message of the 422 response. */
export type InstallationRequest =
  | {
      readonly kind: 'request';
      readonly permissions: Permissions;
      /** Undefined: all repositories of the installation. */
      readonly repositories: readonly GithubRepository[] | undefined;
    }
  | { readonly kind: 'refused'; readonly message: string };

const LEVELS = ['read', 'write', 'admin'];

/** Applies the documented rules: names without their owner, and no more permissions than those of the installation. */
export function readInstallationRequest(
  body: string,
  installation: { readonly repositories: readonly GithubRepository[]; readonly permissions: Permissions },
): InstallationRequest {
  const parsed = JSON.parse(body === '' ? '{}' : body) as {
    repositories?: string[];
    repository_ids?: number[];
    permissions?: Permissions;
  };
  for (const [name, level] of Object.entries(parsed.permissions ?? {})) {
    const most = installation.permissions[name];
    if (most === undefined || !LEVELS.includes(level) || LEVELS.indexOf(level) > LEVELS.indexOf(most))
      return { kind: 'refused', message: 'The permissions requested are not granted to this installation.' };
  }
  const wanted: readonly (string | number)[] | undefined = parsed.repositories ?? parsed.repository_ids;
  const found = wanted?.map((each) =>
    installation.repositories.find(({ id, fullName }) =>
      typeof each === 'number' ? id === each : nameOf(fullName) === each.toLowerCase(),
    ),
  );
  if (found?.includes(undefined) === true) {
    const message =
      'There is at least one repository that does not exist or is not accessible to the parent installation.';
    return { kind: 'refused', message };
  }
  return {
    kind: 'request',
    permissions: { ...(parsed.permissions ?? installation.permissions), metadata: 'read' },
    repositories: found?.filter((repository) => repository !== undefined),
  };
}

function nameOf(fullName: string): string {
  return fullName.slice(fullName.indexOf('/') + 1).toLowerCase();
}
