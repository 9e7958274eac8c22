import type { GitlabEndpoint } from './endpoint.ts';
import { indexEndpoints } from './endpoint-index.ts';
import { CI_ENDPOINTS } from './ci.ts';
import { COLLABORATION_ENDPOINTS } from './collaboration.ts';
import { PACKAGE_ENDPOINTS } from './packages.ts';
import { PROJECT_ENDPOINTS } from './project.ts';
import { REPOSITORY_ENDPOINTS } from './repository.ts';

/** The allow list, as `docs/guides/gitlab-api.md` shows it. */
export const GITLAB_ENDPOINTS: Readonly<Record<string, readonly GitlabEndpoint[]>> = {
  Project: PROJECT_ENDPOINTS,
  Repository: REPOSITORY_ENDPOINTS,
  'Issues and merge requests': COLLABORATION_ENDPOINTS,
  'CI/CD': CI_ENDPOINTS,
  Packages: PACKAGE_ENDPOINTS,
};

export const findEndpoint = indexEndpoints(Object.values(GITLAB_ENDPOINTS).flat());
