import { api, type GitlabEndpoint } from './endpoint.ts';

const ISSUE = 'issues/:issue_iid';
const MERGE_REQUEST = 'merge_requests/:merge_request_iid';

/**
 * GitLab REST API: "Issues", "Issue links", "Merge requests", "Merge request approvals", "Notes",
 * "Discussions", "Draft notes". Not listed because the response contains issues and merge requests of other
 * projects: `links` (GET), `closes_issues`, `related_issues`, `related_merge_requests`, `blocks`.
 */
export const COLLABORATION_ENDPOINTS: readonly GitlabEndpoint[] = [
  api('issues', ['GET', 'POST'], { body: 'text' }),
  api('issues_statistics', ['GET']),
  api(ISSUE, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
  // `to_project_id`
  api(`${ISSUE}/move`, ['POST'], { body: 'projects' }),
  api(`${ISSUE}/clone`, ['POST'], { body: 'projects' }),
  // `move_after_id`, `move_before_id`
  api(`${ISSUE}/reorder`, ['PUT'], { body: 'projects' }),
  // `target_project_id`
  api(`${ISSUE}/links`, ['POST'], { body: 'projects' }),
  api(`${ISSUE}/links/:issue_link_id`, ['DELETE']),
  api(`${ISSUE}/closed_by`, ['GET']),
  ...common(ISSUE),
  // `target_project_id`
  api('merge_requests', ['GET', 'POST'], { body: 'text' }),
  api(MERGE_REQUEST, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
  api(`${MERGE_REQUEST}/commits`, ['GET']),
  api(`${MERGE_REQUEST}/changes`, ['GET']),
  api(`${MERGE_REQUEST}/diffs`, ['GET']),
  api(`${MERGE_REQUEST}/raw_diffs`, ['GET']),
  api(`${MERGE_REQUEST}/versions`, ['GET']),
  api(`${MERGE_REQUEST}/versions/:version_id`, ['GET']),
  api(`${MERGE_REQUEST}/reviewers`, ['GET']),
  api(`${MERGE_REQUEST}/context_commits`, ['GET']),
  api(`${MERGE_REQUEST}/pipelines`, ['GET', 'POST']),
  api(`${MERGE_REQUEST}/approvals`, ['GET']),
  api(`${MERGE_REQUEST}/approval_state`, ['GET']),
  api(`${MERGE_REQUEST}/approve`, ['POST']),
  api(`${MERGE_REQUEST}/unapprove`, ['POST']),
  api(`${MERGE_REQUEST}/merge`, ['PUT']),
  api(`${MERGE_REQUEST}/merge_ref`, ['GET']),
  api(`${MERGE_REQUEST}/rebase`, ['PUT']),
  api(`${MERGE_REQUEST}/cancel_merge_when_pipeline_succeeds`, ['POST']),
  api(`${MERGE_REQUEST}/discussions/:discussion`, ['PUT']),
  api(`${MERGE_REQUEST}/draft_notes`, ['GET', 'POST'], { body: 'text' }),
  api(`${MERGE_REQUEST}/draft_notes/bulk_publish`, ['POST']),
  api(`${MERGE_REQUEST}/draft_notes/:draft_note_id`, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
  api(`${MERGE_REQUEST}/draft_notes/:draft_note_id/publish`, ['PUT']),
  ...common(MERGE_REQUEST),
];

/** Endpoints that issues and merge requests share. */
function common(base: string): GitlabEndpoint[] {
  return [
    api(`${base}/notes`, ['GET', 'POST'], { body: 'text' }),
    api(`${base}/notes/:note_id`, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
    api(`${base}/notes/:note_id/award_emoji`, ['GET', 'POST']),
    api(`${base}/notes/:note_id/award_emoji/:award_id`, ['GET', 'DELETE']),
    api(`${base}/discussions`, ['GET', 'POST'], { body: 'text' }),
    api(`${base}/discussions/:discussion`, ['GET']),
    api(`${base}/discussions/:discussion/notes`, ['POST'], { body: 'text' }),
    api(`${base}/discussions/:discussion/notes/:note_id`, ['GET', 'PUT', 'DELETE'], { body: 'text' }),
    api(`${base}/award_emoji`, ['GET', 'POST']),
    api(`${base}/award_emoji/:award_id`, ['GET', 'DELETE']),
    api(`${base}/participants`, ['GET']),
    api(`${base}/subscribe`, ['POST']),
    api(`${base}/unsubscribe`, ['POST']),
    api(`${base}/todo`, ['POST']),
    api(`${base}/time_stats`, ['GET']),
    api(`${base}/time_estimate`, ['POST']),
    api(`${base}/reset_time_estimate`, ['POST']),
    api(`${base}/add_spent_time`, ['POST']),
    api(`${base}/reset_spent_time`, ['POST']),
    ...['label', 'milestone', 'state'].flatMap((kind) => [
      api(`${base}/resource_${kind}_events`, ['GET']),
      api(`${base}/resource_${kind}_events/:event_id`, ['GET']),
    ]),
  ];
}
