import { z } from 'zod';
import { carriersInHeaders, PACKAGE_SCOPES, serviceKeys, type ServiceTraits } from './schema-service-keys.ts';

export const npmService = z.strictObject({
  type: z.literal('npm').describe('A registry of npm packages, for npm, pnpm and yarn.'),
  ...serviceKeys,
  carriers: carriersInHeaders,
});

export const NPM_TRAITS: ServiceTraits = { scopes: PACKAGE_SCOPES, resources: 'name' };
