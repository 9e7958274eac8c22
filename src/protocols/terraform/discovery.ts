import type { Protocol } from '../../core/request/protocol.ts';
import { anyPackage, isRead, unknownOperation } from '../shared/package-operations.ts';

/** Where clients look for the registry of a host ("Remote Service Discovery"). */
export const DISCOVERY_PATH = '/.well-known/terraform.json';

/**
 * The discovery document of a service. It names the two registries only: `login.v1` would lead clients to the login of the
 * upstream, and `state.v2` and `tfe.*` to an API without a policy.
 */
export function terraformDiscovery(
  protocol: Protocol,
  registries: Readonly<Record<string, string>>,
): Protocol {
  const document = anyPackage({
    builtInResponse: {
      status: 200,
      headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
      body: `${JSON.stringify(registries)}\n`,
    },
  });
  return {
    ...protocol,
    tickets: false,
    classify: ({ method }) =>
      isRead(method) ? document : unknownOperation(`${method} on the discovery document`),
  };
}
