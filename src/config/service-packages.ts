import { z } from 'zod';
import {
  carriersInHeaders,
  carriersWithQuery,
  serviceKeys,
  type ServiceTraits,
} from './schema-service-keys.ts';

/** Feeds of packages and files differ in their protocol, not in what is written here: a format is a line. */
export const packageServices = [
  z.strictObject({
    type: z.literal('generic').describe('Any tree of files, for curl and wget.'),
    ...serviceKeys,
    carriers: carriersWithQuery,
  }),
  feed('go', 'A proxy of Go modules (GOPROXY).'),
  feed('maven', 'A repository in Maven 2 layout, for Maven and Gradle.'),
  feed('npm', 'A registry of npm packages, for npm, pnpm and yarn.'),
  feed('nuget', 'A feed of NuGet packages, protocol version 3.'),
] as const;

type PackageType = z.output<(typeof packageServices)[number]>['type'];

const TRAITS: ServiceTraits = {
  scopes: ['read_package_registry', 'write_package_registry'],
  resources: 'name',
};

export const PACKAGE_TRAITS = Object.fromEntries(
  packageServices.map(({ shape }) => [shape.type.value, TRAITS]),
) as Readonly<Record<PackageType, ServiceTraits>>;

function feed<const T extends string>(type: T, description: string) {
  return z.strictObject({
    type: z.literal(type).describe(description),
    ...serviceKeys,
    carriers: carriersInHeaders,
  });
}
