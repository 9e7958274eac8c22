import { api, type GitlabEndpoint } from './endpoint.ts';

const ARCHIVE_SUFFIXES = [
  '',
  '.zip',
  '.tar',
  '.tar.gz',
  '.tgz',
  '.gz',
  '.tar.bz2',
  '.tbz',
  '.tbz2',
  '.tb2',
  '.bz2',
];

const COMMIT = 'repository/commits/:sha';

/**
 * GitLab REST API: "Repositories", "Repository files", "Commits", "Branches", "Tags", "Repository
 * submodules".
 */
export const REPOSITORY_ENDPOINTS: readonly GitlabEndpoint[] = [
  api('repository/tree', ['GET']),
  api('repository/blobs/:sha', ['GET']),
  api('repository/blobs/:sha/raw', ['GET']),
  ...ARCHIVE_SUFFIXES.map((suffix) => api(`repository/archive${suffix}`, ['GET'])),
  api('repository/compare', ['GET']),
  api('repository/contributors', ['GET']),
  api('repository/merge_base', ['GET']),
  api('repository/changelog', ['GET', 'POST']),
  api('repository/files/:file_path', ['GET', 'POST', 'PUT', 'DELETE']),
  api('repository/files/:file_path/raw', ['GET']),
  api('repository/files/:file_path/blame', ['GET']),
  api('repository/submodules/:submodule', ['PUT']),
  api('repository/branches', ['GET', 'POST']),
  api('repository/branches/:branch', ['GET', 'DELETE']),
  api('repository/merged_branches', ['DELETE']),
  api('repository/tags', ['GET', 'POST']),
  api('repository/tags/:tag_name', ['GET', 'DELETE']),
  api('repository/tags/:tag_name/signature', ['GET']),
  // `start_project`
  api('repository/commits', ['GET', 'POST'], { body: 'projects' }),
  api(COMMIT, ['GET']),
  api(`${COMMIT}/diff`, ['GET']),
  api(`${COMMIT}/refs`, ['GET']),
  api(`${COMMIT}/sequence`, ['GET']),
  api(`${COMMIT}/signature`, ['GET']),
  api(`${COMMIT}/statuses`, ['GET']),
  api(`${COMMIT}/merge_requests`, ['GET']),
  api(`${COMMIT}/cherry_pick`, ['POST'], { body: 'projects' }),
  api(`${COMMIT}/revert`, ['POST'], { body: 'projects' }),
  api(`${COMMIT}/comments`, ['GET', 'POST'], { body: 'text' }),
  api(`${COMMIT}/discussions`, ['GET', 'POST'], { body: 'text' }),
  api(`${COMMIT}/discussions/:discussion`, ['GET']),
  api(`${COMMIT}/discussions/:discussion/notes`, ['POST'], { body: 'text' }),
  api(`${COMMIT}/discussions/:discussion/notes/:note_id`, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
];
