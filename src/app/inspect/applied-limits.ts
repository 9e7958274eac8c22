import type { Config } from '../../config/index.ts';
import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import type { RequestLimits } from '../../core/identity-limits.ts';
import type { Explanation } from '../../policy/index.ts';

/** Adds the limits that apply to the caller at the service. */
export function withLimits(config: Config, explanation: Explanation): Explanation {
  const { service, verdict } = explanation;
  const entries: readonly (readonly [setting: string, limits: RequestLimits | undefined])[] = [
    ...config.identities
      .filter(({ name }) => name === verdict.identity)
      .map(({ name, limits }) => [`identities.${name}.limits`, limits] as const),
    ...config.deployTokens
      .filter(({ name }) => deployTokenIdentity(name) === verdict.identity)
      .map(({ name, limits }) => [`deployTokens.${name}.limits`, limits] as const),
    ...config.services
      .filter(({ name }) => name === service)
      .map(({ name, limits }) => [`services.${name}.limits`, limits] as const),
  ];
  const limits = entries.flatMap(([setting, { requestsPerSecond, concurrent } = {}]) =>
    requestsPerSecond === undefined && concurrent === undefined
      ? []
      : [{ setting, requestsPerSecond, concurrent }],
  );
  return limits.length === 0 ? explanation : { ...explanation, limits };
}
