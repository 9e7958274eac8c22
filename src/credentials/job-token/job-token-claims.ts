import { isExact } from '../../core/credentials/claims.ts';

import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/text/quoted.ts';
import type { Confirmation, InvalidIntrospection } from '../introspection/gitlab-introspection.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the response of `GET /api/v4/job`. The claims have the names and types of GitLab's ID tokens, so that
 * one identity matches both. Claims that the response does not contain (`namespace_id`, `ref_protected`,
 * `environment` …) never match. In a merge request pipeline `ref` is `refs/merge-requests/N/head`, where an
 * ID token has the source branch: a branch `main` of a fork cannot pass as the branch of the project.
 */
export function readJob(job: Members, bases: readonly string[]): Confirmation | Deny | InvalidIntrospection {
  const status = text(job['status']);
  const id = identifier(job['id']);
  const url = text(job['web_url']);
  const ref = text(job['ref']);
  const tag = job['tag'];
  if (status === undefined || id === undefined || url === undefined || ref === undefined) {
    return invalid('the response is not a job: status, id, web_url or ref is missing');
  }
  if (typeof tag !== 'boolean') return invalid('the job has no boolean "tag"');
  // GitLab still accepts the token of a job in status `canceling`; the gateway does not.
  if (status !== 'running') return deny('job_not_running', `the job has status ${quoted(status)}`);

  const path = projectPath(url, id, bases);
  if (path === undefined) {
    return deny('credential_invalid', `web_url ${quoted(url)} is not the URL of a job at this issuer`);
  }
  const type = tag ? 'tag' : 'branch';
  const pipeline = record(job['pipeline']);
  const user = record(job['user']);
  const claims = {
    project_id: identifier(pipeline['project_id']),
    project_path: path,
    ref,
    ref_type: type,
    pipeline_id: identifier(pipeline['id']),
    pipeline_source: text(pipeline['source']),
    job_id: id,
    user_id: identifier(user['id']),
    user_login: text(user['username']),
    sha: text(pipeline['sha']) ?? text(record(job['commit'])['id']),
  };
  const present = Object.entries(claims).filter(([, value]) => value !== undefined);
  const subject = `project_path:${path}:ref_type:${type}:ref:${ref}`;
  return { kind: 'confirmed', subject, claims: Object.fromEntries(present) };
}

/**
 * Extracts the path from `BASE/GROUP/…/PROJECT/-/jobs/ID`. The base must match exactly: other servers have
 * other projects.
 */
function projectPath(url: string, id: string, bases: readonly string[]): string | undefined {
  const end = `/-/jobs/${id}`;
  if (!url.endsWith(end)) return undefined;
  const project = url.slice(0, -end.length);
  const base = longest(bases.filter((candidate) => project.startsWith(`${candidate}/`)));
  if (base === undefined) return undefined;
  const path = project.slice(base.length + 1);
  return PROJECT_PATH.test(path) && !DOT_SEGMENT.test(path) ? path : undefined;
}

/** A simplified form of GitLab's rule for paths (lib/gitlab/path_regex.rb). */
const PROJECT_PATH = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)+$/;
const DOT_SEGMENT = /(?:^|\/)(?:-|\.{1,2})(?:\/|$)/;

/**
 * With a relative URL root (`https://example.com/gitlab`), several bases can be prefixes; the longest one is
 * right.
 */
function longest(texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0];
}

/** The API returns ids as numbers; ID tokens contain them as strings. */
function identifier(value: unknown): string | undefined {
  return typeof value === 'number' && isExact(value) ? String(value) : undefined;
}

/**
 * A non-empty string without lone surrogates, which cannot be encoded in headers and logs (RFC 7493 §2.1).
 */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined;
}

function record(value: unknown): Members {
  return isRecord(value) ? value : {};
}

function invalid(detail: string): InvalidIntrospection {
  return { kind: 'invalid', detail };
}
