import { z } from 'zod';
import { carriersWithQuery, PACKAGE_SCOPES, serviceKeys, type ServiceTraits } from './schema-service-keys.ts';

export const genericService = z.strictObject({
  type: z.literal('generic').describe('Any tree of files, for curl and wget.'),
  ...serviceKeys,
  carriers: carriersWithQuery,
});

export const GENERIC_TRAITS: ServiceTraits = {
  scopes: PACKAGE_SCOPES,
  resources: 'name',
};
