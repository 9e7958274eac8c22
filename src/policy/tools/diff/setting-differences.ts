import type { AccessDifference, ComparedSettings } from './access-difference.ts';

/** Settings of a service that the comparison of grants covers, or that change no access. */
const SERVICE_KEYS_WITHOUT_ACCESS: ReadonlySet<string> = new Set(
  (
    'name type issuers audiences anonymous mode ' +
    'deny identityHeaders assertion keepCookies errorFormat limits upstream credentialSources'
  ).split(' '),
);

const ISSUER_KEYS_WITHOUT_ACCESS: ReadonlySet<string> = new Set(
  'name type issuer audiences jobTokens deployTokens keys bearerTokenFile'.split(' '),
);

/**
 * Settings beside the grants that determine which requests a scope covers and which tokens are valid. A gain and a
 * loss are possible for each of them.
 */
export function* settingDifferences(
  from: ComparedSettings,
  to: ComparedSettings,
): Generator<AccessDifference> {
  const everything = {
    identity: '*',
    class: '*',
    scope: '*',
    resource: '**',
    certainty: 'possible',
  } as const;
  for (const service of to.services) {
    const before = from.services.find(({ name }) => name === service.name);
    if (before === undefined) continue;
    for (const key of differingKeys(before, service, SERVICE_KEYS_WITHOUT_ACCESS)) {
      const reason = `services.${service.name}.${key} differs, so that scopes and resources cover other requests`;
      yield { ...everything, service: service.name, reason, rule: ['services', service.name, key] };
    }
  }
  for (const issuer of to.issuers) {
    const before = from.issuers.find((each) => each.issuer === issuer.issuer);
    if (before === undefined) continue;
    // The probe determines a claim of deploy tokens; their other settings are limits.
    const probe = before.deployTokens?.probe === issuer.deployTokens?.probe ? [] : ['deployTokens.probe'];
    for (const key of [...differingKeys(before, issuer, ISSUER_KEYS_WITHOUT_ACCESS), ...probe]) {
      const reason = `issuers.${issuer.name}.${key} differs, so that other tokens are valid`;
      yield { ...everything, service: '*', reason, rule: ['issuers', issuer.name, key] };
    }
  }
}

export function differingKeys(
  a: object,
  b: object,
  without: ReadonlySet<string> = new Set(['name']),
): readonly string[] {
  const [before, after] = [a, b].map((each) => new Map(Object.entries(each)));
  const keys = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
  return [...keys].filter(
    (key) => !without.has(key) && JSON.stringify(before?.get(key)) !== JSON.stringify(after?.get(key)),
  );
}
