import type { Classification } from '../../core/request/protocol.ts';
import { everyPackage, onePackage, READ_PACKAGES, unknownOperation } from '../shared/package-operations.ts';
import { MIRROR_PACKAGES, PROVIDER_PACKAGE } from './download-plan.ts';
import { isVersion } from '../shared/semantic-version.ts';
import { isName, isProviderHost } from './names.ts';

/** The provider registry protocol: `NAMESPACE/TYPE/…`. `rest`: the path below `providers.v1`. */
export function classifyProvider(rest: string, host: string): Classification {
  const segments = rest.split('/');
  if (segments.length === 1) return everyPackage();
  const [namespace = '', type = '', ...route] = segments;
  if (!isName(namespace) || !isName(type)) return unknownOperation('not a provider');
  const resource = `providers/${host}/${namespace}/${type}`;
  const [version = '', download, os = '', architecture = ''] = route;
  if (route.length === 0 || (route.length === 1 && version === 'versions'))
    return onePackage(READ_PACKAGES, resource);
  const known = isVersion(version) && download === 'download' && isName(os) && isName(architecture);
  return known && route.length === 4
    ? onePackage(READ_PACKAGES, resource, PROVIDER_PACKAGE)
    : unknownOperation('not a route of a provider');
}

/** `providers/HOST` in Artifactory. */
const MIRROR = /^(?:providers\/|mirror\/)?([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\.json$/;

/** The provider network mirror protocol: `HOST/NAMESPACE/TYPE/index.json` and `…/VERSION.json`. */
export function classifyMirror(rest: string): Classification | undefined {
  const [, host = '', namespace = '', type = '', file = ''] = MIRROR.exec(rest) ?? [];
  if (!isProviderHost(host) || !isName(namespace) || !isName(type)) return undefined;
  const resource = `providers/${host}/${namespace}/${type}`;
  if (file === 'index') return onePackage(READ_PACKAGES, resource);
  return isVersion(file) ? onePackage(READ_PACKAGES, resource, MIRROR_PACKAGES) : undefined;
}
