import { api, endpointsOf, never, type GitlabEndpoint } from './endpoint.ts';
import { WITHOUT_RUNNERS_TOKEN } from '../project-document.ts';

const releases = endpointsOf('read_releases', 'write_releases');
const terraform = endpointsOf('read_terraform_state', 'write_terraform_state');

/**
 * GitLab REST API: "Projects", "Search", "Events", "Labels", "Milestones", "Wikis", "Snippets", "Badges",
 * "Container registry", "Releases", "Release links", "Terraform state". Not listed: endpoints that change the
 * project itself, that give access to it, or that move an object to its group (`promote`).
 */
export const PROJECT_ENDPOINTS: readonly GitlabEndpoint[] = [
  api('', ['GET'], { rewrite: WITHOUT_RUNNERS_TOKEN }),
  // These endpoints issue tokens or show secrets.
  never('access_tokens/**'),
  never('deploy_tokens/**'),
  never('triggers/**'),
  never('variables/**'),
  never('runners/reset_registration_token'),
  api('languages', ['GET']),
  api('search', ['GET']),
  api('events', ['GET']),
  api('badges', ['GET']),
  api('badges/:badge_id', ['GET']),
  api('snippets', ['GET']),
  api('snippets/:snippet_id', ['GET']),
  api('snippets/:snippet_id/raw', ['GET']),
  api('snippets/:snippet_id/files/:ref/:file_path/raw', ['GET']),
  api('labels', ['GET', 'POST', 'PUT', 'DELETE']),
  api('labels/:label', ['GET', 'PUT', 'DELETE']),
  api('labels/:label/subscribe', ['POST']),
  api('labels/:label/unsubscribe', ['POST']),
  api('milestones', ['GET', 'POST']),
  api('milestones/:milestone_id', ['GET', 'PUT', 'DELETE']),
  api('milestones/:milestone_id/issues', ['GET']),
  api('milestones/:milestone_id/merge_requests', ['GET']),
  api('milestones/:milestone_id/burndown_events', ['GET']),
  api('wikis', ['GET', 'POST']),
  api('wikis/:slug', ['GET', 'PUT', 'DELETE']),
  api('registry/repositories', ['GET']),
  api('registry/repositories/:repository_id', ['DELETE']),
  api('registry/repositories/:repository_id/tags', ['GET', 'DELETE']),
  api('registry/repositories/:repository_id/tags/:tag_name', ['GET', 'DELETE']),
  releases('releases', ['GET', 'POST']),
  releases('releases/permalink/latest/**', ['GET']),
  releases('releases/:tag_name', ['GET', 'PUT', 'DELETE']),
  releases('releases/:tag_name/evidence', ['POST']),
  releases('releases/:tag_name/downloads/**', ['GET']),
  releases('releases/:tag_name/assets/links', ['GET', 'POST']),
  releases('releases/:tag_name/assets/links/:link_id', ['GET', 'PUT', 'DELETE']),
  terraform('terraform/state/:name', ['GET', 'POST', 'DELETE']),
  terraform('terraform/state/:name/lock', ['POST', 'DELETE']),
  terraform('terraform/state/:name/versions/:serial', ['GET', 'DELETE']),
];
