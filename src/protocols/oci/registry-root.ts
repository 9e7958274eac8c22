import type { Protocol } from '../../core/request/protocol.ts';
import { unknownOperation } from '../shared/package-operations.ts';

export const API = '/v2/';

/**
 * The root of a host whose registries all have a prefix: it serves the login challenge and no repositories.
 */
export function registryRoot(protocol: Protocol): Protocol {
  return {
    ...protocol,
    classify: (head) =>
      head.path === API
        ? protocol.classify(head)
        : unknownOperation('no repository prefix of this host matches'),
  };
}
