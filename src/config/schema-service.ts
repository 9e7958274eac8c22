import { z } from 'zod';
import type { ServiceTraits } from './schema-service-keys.ts';
import { GENERIC_TRAITS, genericService } from './service-generic.ts';
import { HTTP_TRAITS, httpService } from './service-http.ts';
import { NPM_TRAITS, npmService } from './service-npm.ts';
import { OCI_TRAITS, ociService } from './service-oci.ts';

/** A type is a file of its own, and a line here and below. */
export const service = z.discriminatedUnion('type', [httpService, genericService, ociService, npmService]);

export const SERVICE_TRAITS: Readonly<Record<z.output<typeof service>['type'], ServiceTraits>> = {
  http: HTTP_TRAITS,
  generic: GENERIC_TRAITS,
  oci: OCI_TRAITS,
  npm: NPM_TRAITS,
};

/** Types that a later version brings. */
export const FUTURE_SERVICE_TYPES: readonly string[] = [
  'pypi',
  'maven',
  'nuget',
  'cargo',
  'go',
  'helm',
  'git',
  'gitlab',
];
