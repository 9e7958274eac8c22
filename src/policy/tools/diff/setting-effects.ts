/**
 * How a setting relates to the access of callers.
 * `compared`: by the comparison of identities, grants, issuers, audiences and tokens.
 * `access`: a difference is a possible gain and a possible loss, without a comparison of the values.
 * `none`: it changes which responses a caller gets, and not what the caller can reach.
 */
export type SettingEffect = 'compared' | 'access' | 'none';

/** By path; `*` is a name. A path that no entry covers counts as `access`. */
const PATHS: Readonly<Record<SettingEffect, string>> = {
  compared: `
    version
    issuers.*.issuer issuers.*.audiences issuers.*.jobTokens issuers.*.deployTokens
    identities roles jobTokenAllowlist deployTokens workloadIdentities
    services.*.type services.*.issuers services.*.audiences services.*.anonymous services.*.mode`,
  access: `
    vault.address vault.namespace vault.auth
    server.listen server.authorizer server.publicUrl server.trustedProxies server.admin server.limits.authFailures
    state signing.keys delegations
    issuers.*.type issuers.*.jwksUri issuers.*.jwksFile issuers.*.caFile issuers.*.algorithms
    issuers.*.tokenTypes issuers.*.maxTokenLifetime issuers.*.replay issuers.*.keys.refresh
    issuers.*.keys.staleLimit issuers.*.apiUrl issuers.*.jobTokens.cache issuers.*.deployTokens.cache
    issuers.*.deployTokens.probe issuers.*.liveness issuers.*.projects
    services.*.hosts services.*.path services.*.pathParameters services.*.operations services.*.modulesPath services.*.providersPath
    services.*.webSockets services.*.repositoryPrefix services.*.challenge services.*.blobRedirects
    services.*.authorizer services.*.trustedPublishing services.*.passHeaders services.*.identityHeaders services.*.headerPreset services.*.assertion
    services.*.keepCookies services.*.upstream.url services.*.upstream.hostHeader services.*.upstream.auth
    services.*.upstream.clientCertificate services.*.upstream.redirectOrigins`,
  none: `
    server.reusePort server.tls server.authorizer.tls.certFile server.authorizer.tls.keyFile server.limits state.redis.caFile state.redis.timeout
    logs audit candidate vault
    issuers.*.bearerTokenFile issuers.*.keys.cooldown issuers.*.jobTokens.limits
    issuers.*.deployTokens.limits issuers.*.liveness.tokenFile issuers.*.liveness.limits
    services.*.deny services.*.credentialSources services.*.errorFormat services.*.limits identities.*.limits deployTokens.*.limits
    services.*.webSockets.idle services.*.webSockets.lifetime
    services.*.upstream.aliases services.*.upstream.caFile services.*.upstream.serverName
    services.*.upstream.connections services.*.upstream.queueTimeout services.*.upstream.connectionLifetime
    services.*.upstream.timeouts`,
};

const EFFECTS: ReadonlyMap<string, SettingEffect> = new Map(
  (['compared', 'access', 'none'] as const).flatMap((effect) =>
    PATHS[effect]
      .trim()
      .split(/\s+/)
      .map((path) => [path, effect] as const),
  ),
);

/** The longest entry that covers the path; undefined if there is none. */
export function effectOf(path: string): SettingEffect | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const effect = EFFECTS.get(path.slice(0, end));
    if (effect !== undefined) return effect;
  }
  return undefined;
}

/** Whether an entry is below the path, so that the members of its value have different effects. */
function isDivided(path: string): boolean {
  for (const entry of EFFECTS.keys()) if (entry.startsWith(`${path}.`)) return true;
  return false;
}

/** Paths below `path` of values that affect access and differ. */
export function accessDifferences(path: string, before: unknown, after: unknown): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isDivided(path) && isMapping(before) && isMapping(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => accessDifferences(`${path}.${key}`, before[key], after[key]));
  }
  return (effectOf(path) ?? 'access') === 'access' ? [path] : [];
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
