import { z } from 'zod';
import type { ServiceTraits } from './schema-service-keys.ts';
import { GIT_TRAITS, gitService } from './service-git.ts';
import { GITLAB_TRAITS, gitlabService } from './service-gitlab.ts';
import { HTTP_TRAITS, httpService } from './service-http.ts';
import { OCI_TRAITS, ociService } from './service-oci.ts';
import { PACKAGE_TRAITS, packageServices } from './service-packages.ts';

/** A type is a file of its own, or a line of the packages' file. */
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
