import { z } from 'zod';
import type { ServiceTraits } from './service-keys.ts';
import { GIT_TRAITS, gitService } from './services/git.ts';
import { GITLAB_TRAITS, gitlabService } from './services/gitlab.ts';
import { HTTP_TRAITS, httpService } from './services/http.ts';
import { OCI_TRAITS, ociService } from './services/oci.ts';
import { PACKAGE_TRAITS, packageServices } from './services/packages.ts';

/** Each service type is a file in services/, or an entry of services/packages.ts. */
export const service = z.discriminatedUnion('type', [
  httpService,
  ociService,
  ...packageServices,
  gitService,
  gitlabService,
]);

export const SERVICE_TRAITS: Readonly<Record<z.output<typeof service>['type'], ServiceTraits>> = {
  http: HTTP_TRAITS,
  oci: OCI_TRAITS,
  ...PACKAGE_TRAITS,
  git: GIT_TRAITS,
  gitlab: GITLAB_TRAITS,
};
