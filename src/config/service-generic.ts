import { z } from 'zod';
import { carriersWithQuery, serviceKeys, type ServiceTraits } from './schema-service-keys.ts';

export const genericService = z.strictObject({
  type: z.literal('generic').describe('Any tree of files, for curl and wget.'),
  ...serviceKeys,
  carriers: carriersWithQuery,
});

export const GENERIC_TRAITS: ServiceTraits = {
  scopes: ['read_package_registry', 'write_package_registry'],
  resources: 'name',
};
