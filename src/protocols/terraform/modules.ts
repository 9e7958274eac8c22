import type { Classification } from '../../core/request/protocol.ts';
import { everyPackage, onePackage, READ_PACKAGES, unknownOperation } from '../shared/package-operations.ts';
import { DOWNLOAD } from './download-plan.ts';
import { isVersion } from '../shared/semantic-version.ts';
import { isName } from './names.ts';

/**
 * The module registry protocol: `NAMESPACE/NAME/SYSTEM/…`. `rest`: the path below `modules.v1`. All routes are reads:
 * the protocol has no upload.
 */
export function classifyModule(rest: string): Classification {
  const segments = rest.split('/');
  const [namespace = '', name = '', system = '', version = '', last = '', ...more] = segments;
  // Search, and lists of the modules of a namespace or of the systems of a module.
  if (segments.length <= 2) return everyPackage();
  if (!isName(namespace) || !isName(name) || !isName(system) || more.length > 0)
    return unknownOperation('not a module');
  const resource = `modules/${namespace}/${name}/${system}`;
  if (version === 'download' && segments.length === 4) return onePackage(READ_PACKAGES, resource);
  if (segments.length === 3 || (version === 'versions' && segments.length === 4))
    return onePackage(READ_PACKAGES, resource);
  if (!isVersion(version)) return unknownOperation('not a route of a module');
  if (segments.length === 4) return onePackage(READ_PACKAGES, resource);
  if (last === 'download') return onePackage(READ_PACKAGES, resource, DOWNLOAD);
  // The archive of GitLab.
  return last === 'file' ? onePackage(READ_PACKAGES, resource) : unknownOperation('not a route of a module');
}
