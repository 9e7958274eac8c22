import { isExact } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/quoted.ts';

/** What GitLab says of a job, under the names and types that its id tokens use. */
export interface RunningJob {
  readonly kind: 'proof';
  readonly subject: string;
  readonly claims: Claims;
}

/** No answer to the question: the fault is not the token's. */
export interface UnusableJob {
  readonly kind: 'unusable';
  readonly detail: string;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the answer of `GET /api/v4/job`. One identity then matches id tokens and job tokens; what the answer does
 * not hold (`namespace_id`, `ref_protected`, `environment` …) stays absent, and so never matches.
 * In a merge request's pipeline `ref` is `refs/merge-requests/N/head`, where an id token has the source branch:
 * a fork's branch `main` cannot pass as the project's.
 */
export function readJob(job: Members, bases: readonly string[]): RunningJob | Deny | UnusableJob {
  const status = text(job['status']);
  const id = identifier(job['id']);
  const url = text(job['web_url']);
  const ref = text(job['ref']);
  const tag = job['tag'];
  if (status === undefined || id === undefined || url === undefined || ref === undefined) {
    return unusable('the answer is not that of a job');
  }
  if (typeof tag !== 'boolean') return unusable('the answer does not say whether the ref is a tag');
  // `canceling` still opens GitLab's doors; here whoever cancels a job has ended it.
  if (status !== 'running') return deny('job_not_running', `the status of the job is ${quoted(status)}`);

  const path = projectPath(url, id, bases);
  if (path === undefined) {
    return deny('credential_invalid', `web_url ${quoted(url)} is not that of a job of this issuer`);
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
  return { kind: 'proof', subject, claims: Object.fromEntries(present) };
}

/** `BASE/GROUP/…/PROJECT/-/jobs/ID`, the base byte for byte: another server's jobs would be another's projects. */
function projectPath(url: string, id: string, bases: readonly string[]): string | undefined {
  const end = `/-/jobs/${id}`;
  if (!url.endsWith(end)) return undefined;
  const project = url.slice(0, -end.length);
  const base = longest(bases.filter((candidate) => project.startsWith(`${candidate}/`)));
  if (base === undefined) return undefined;
  const path = project.slice(base.length + 1);
  return PROJECT_PATH.test(path) && !DOT_SEGMENT.test(path) ? path : undefined;
}

/** GitLab's own rule for paths (lib/gitlab/path_regex.rb), without its finer points. */
const PROJECT_PATH = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)+$/;
const DOT_SEGMENT = /(?:^|\/)(?:-|\.{1,2})(?:\/|$)/;

/** A GitLab under a path (`https://example.com/gitlab`) has its origin as a prefix. */
function longest(texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0];
}

/** Numbers here, strings in id tokens. */
function identifier(value: unknown): string | undefined {
  return typeof value === 'number' && isExact(value) ? String(value) : undefined;
}

/** Not empty, and without lone surrogates, which no header or log line could repeat (RFC 7493 §2.1). */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.isWellFormed() ? value : undefined;
}

function record(value: unknown): Members {
  return isRecord(value) ? value : {};
}

function unusable(detail: string): UnusableJob {
  return { kind: 'unusable', detail };
}
