import type { Protocol } from '../../core/request/protocol.ts';
import { anyPackage, isRead, unknownOperation } from '../shared/package-operations.ts';

/**
 * The discovery document of a host ("Remote Service Discovery"). It names the two registries only: `login.v1` would lead
 * clients to the login of the upstream, and `state.v2` and `tfe.*` to an API without a policy.
 */
export function terraformDiscovery(
  registries: Readonly<Record<string, string>>,
): NonNullable<Protocol['wellKnown']> {
  const document = anyPackage({
    builtInResponse: {
      status: 200,
      headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
      body: `${JSON.stringify(registries)}\n`,
    },
  });
  return {
    path: '/.well-known/terraform.json',
    classify: ({ method }) =>
      isRead(method) ? document : unknownOperation(`${method} on the discovery document`),
  };
}
