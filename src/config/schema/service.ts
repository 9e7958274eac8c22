import { z } from 'zod';
import { serviceTraits, type ServiceTraits } from '../model/service-traits.ts';
import { gitService } from './services/git.ts';
import { gitlabService } from './services/gitlab.ts';
import { httpService } from './services/http.ts';
import { ociService } from './services/oci.ts';
import { packageServices } from './services/packages.ts';

/** Each service type is a file in services/, or an entry of services/packages.ts. */
export const service = z.discriminatedUnion('type', [
  httpService,
  ociService,
  ...packageServices,
  gitService,
  gitlabService,
]);

type ServiceType = z.output<typeof service>['type'];

const TYPES = [
  'http',
  'oci',
  ...packageServices.map(({ shape }) => shape.type.value),
  'git',
  'gitlab',
] as const;

export const SERVICE_TRAITS = Object.fromEntries(
  TYPES.map((type) => [type, serviceTraits(type)]),
) as Readonly<Record<ServiceType, ServiceTraits>>;
