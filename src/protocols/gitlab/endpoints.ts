import type { GitlabEndpoint } from './endpoint.ts';
import { indexEndpoints } from './endpoint-index.ts';
import { CI_ENDPOINTS } from './endpoints-ci.ts';
import { COLLABORATION_ENDPOINTS } from './endpoints-collaboration.ts';
import { PACKAGE_ENDPOINTS } from './endpoints-packages.ts';
import { PROJECT_ENDPOINTS } from './endpoints-project.ts';
import { REPOSITORY_ENDPOINTS } from './endpoints-repository.ts';

/** The allow list, as `docs/gitlab.md` shows it. */
export const GITLAB_ENDPOINTS: Readonly<Record<string, readonly GitlabEndpoint[]>> = {
  Project: PROJECT_ENDPOINTS,
  Repository: REPOSITORY_ENDPOINTS,
  'Issues and merge requests': COLLABORATION_ENDPOINTS,
  'CI/CD': CI_ENDPOINTS,
  Packages: PACKAGE_ENDPOINTS,
};

export const findEndpoint = indexEndpoints(Object.values(GITLAB_ENDPOINTS).flat());
