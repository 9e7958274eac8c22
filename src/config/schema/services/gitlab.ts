import { z } from 'zod';
import { headerQueryAndFormCredentialSources, serviceKeys, type ServiceTraits } from '../service-keys.ts';

export const gitlabService = z.strictObject({
  type: z
    .literal('gitlab')
    .describe(
      'A GitLab instance: project endpoints of its API, and Git. Its container registry is a service of type oci.',
    ),
  ...serviceKeys,
  credentialSources: headerQueryAndFormCredentialSources,
});

export const GITLAB_TRAITS: ServiceTraits = {
  scopes: [
    'read_api',
    'write_api',
    'admin_api',
    'read_repository',
    'write_repository',
    'read_package_registry',
    'write_package_registry',
    'trigger_pipeline',
    'read_artifacts',
    'read_releases',
    'write_releases',
    'read_terraform_state',
    'write_terraform_state',
  ],
  resources: 'name',
};
