/** `NAME:LEVEL` of each permission in a response of GitHub; other values are left out. */
export function permissionsOf(permissions: unknown): readonly string[] {
  if (typeof permissions !== 'object' || permissions === null) return [];
  return Object.entries(permissions)
    .map(([name, level]) => `${name}:${level}`)
    .filter((permission) => /^[a-z_]{1,64}:(?:read|write|admin)$/.test(permission));
}

/** `repository OWNER/NAME` of each repository; the response has none for a token without a narrowing. */
export function repositoriesOf(repositories: unknown): readonly string[] {
  if (!Array.isArray(repositories)) return [];
  return repositories
    .map((each) => `repository ${String((each as { full_name?: unknown } | null)?.full_name)}`)
    .filter((text) => /^repository [\w-]{1,100}\/[\w.-]{1,100}$/.test(text));
}
