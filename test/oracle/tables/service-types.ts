import type { ServiceType } from './service-type.ts';
import { CARGO } from './types/cargo.ts';
import { GENERIC } from './types/generic.ts';
import { GIT } from './types/git.ts';
import { GITLAB } from './types/gitlab.ts';
import { GO } from './types/go.ts';
import { HELM } from './types/helm.ts';
import { HTTP } from './types/http.ts';
import { MAVEN } from './types/maven.ts';
import { NPM } from './types/npm.ts';
import { NUGET } from './types/nuget.ts';
import { OCI } from './types/oci.ts';
import { PYPI } from './types/pypi.ts';

export const SERVICE_TYPES: readonly ServiceType[] = [
  HTTP,
  OCI,
  NPM,
  PYPI,
  MAVEN,
  NUGET,
  CARGO,
  GO,
  HELM,
  GENERIC,
  GIT,
  GITLAB,
];
