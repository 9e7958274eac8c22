import { z } from 'zod';
import {
  headerCredentialSources,
  headerAndQueryCredentialSources,
  namedPublishingKeys,
  pathKeys,
  publishingKeys,
  serviceKeys,
  subrequestKeys,
} from '../service-keys.ts';

const registryPath = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+$/,
    'must be a relative path that ends in /, such as v1/modules/',
  );

const terraformKeys = {
  modulesPath: registryPath
    .default('modules/v1/')
    .describe(
      'Path of the module registry below `path` and below the upstream URL. Discovery announces it as `modules.v1`. Default: modules/v1/.',
    ),
  providersPath: registryPath
    .default('providers/v1/')
    .describe(
      'Path of the provider registry below `path` and below the upstream URL. Discovery announces it as `providers.v1`. Default: providers/v1/.',
    ),
} as const;

/** Package formats differ in their protocol, not in their configuration: each format is one entry. */
export const packageServices = [
  z.strictObject({
    type: z.literal('generic').describe('Files at arbitrary paths, for curl and wget.'),
    ...serviceKeys,
    ...subrequestKeys,
    ...pathKeys,
    credentialSources: headerAndQueryCredentialSources,
  }),
  feed('cargo', 'A sparse registry of Rust crates, for cargo.', publishingKeys),
  feed('conan', 'A remote of C and C++ packages, for Conan 2.'),
  feed(
    'deb',
    'A Debian repository, for apt. Resources are package names; index files need a grant on any package.',
    pathKeys,
  ),
  feed('go', 'A proxy of Go modules (GOPROXY).'),
  feed('helm', 'A chart repository with an index.yaml, for helm. Chart registries are services of type oci.'),
  feed('maven', 'A repository in Maven 2 layout, for Maven and Gradle.', pathKeys),
  feed('npm', 'A registry of npm packages, for npm, pnpm and yarn.', namedPublishingKeys),
  feed('nuget', 'A feed of NuGet packages, protocol version 3.', publishingKeys),
  feed('pypi', 'An index of Python packages, for pip, uv, twine and poetry.', publishingKeys),
  feed(
    'rpm',
    'A repository of RPM packages, for dnf. Resources are package names; index files need a grant on any package.',
    pathKeys,
  ),
  feed('rubygems', 'A server of Ruby gems, for gem and bundler.', publishingKeys),
  feed(
    'terraform',
    'Module and provider registries, a provider network mirror, and a state backend, for Terraform and OpenTofu.',
    terraformKeys,
  ),
] as const;

function feed<const T extends string, const M extends z.ZodRawShape = {}>(
  type: T,
  description: string,
  more?: M,
) {
  return z.strictObject({
    type: z.literal(type).describe(description),
    ...serviceKeys,
    credentialSources: headerCredentialSources,
    ...(more as M),
  });
}
