import { randomBytes } from 'node:crypto';
import { gitlabRoutes } from './gitlab-api.ts';
import type { GitlabEndpoint } from './gitlab-answer.ts';
import { createServe } from './gitlab-server.ts';
import type { GitlabFaults, SeenCall, Serve, ServingOptions } from './gitlab-server.ts';
import { GitlabState } from './gitlab-state.ts';
import type { DeployScope, JobRecord, JobStatus, ProjectRecord, TokenForm } from './gitlab-state.ts';
import { startIssuer } from './issuer.ts';
import type { IssuerOptions, TestIssuer } from './issuer.ts';

export interface GitlabOptions extends Omit<IssuerOptions, 'type' | 'others'> {
  /** Endpoints where 30 failed authentications in 3 minutes ban the address for an hour. Default: none. */
  readonly bans?: readonly GitlabEndpoint[];
}

export interface JobOptions extends TokenForm {
  readonly project?: { readonly id: number; readonly path: string };
  readonly name?: string;
  readonly ref?: string;
  readonly tag?: boolean;
  readonly sha?: string;
  readonly user?: { readonly id: number; readonly username: string };
  readonly pipeline?: { readonly id?: number; readonly source?: string };
  readonly status?: JobStatus;
}

export interface TestJob {
  readonly id: number;
  /** `CI_JOB_TOKEN`. */
  readonly token: string;
  readonly project: ProjectRecord;
  /** An ID token of the same job. */
  idToken(claims?: Readonly<Record<string, unknown>>): string;
  start(): void;
  finish(status?: 'success' | 'failed'): void;
  /** `gracefully`: the job continues with its `after_script`, and GitLab still accepts its token. */
  cancel(how?: 'gracefully'): void;
  erase(): void;
}

export interface DeployTokenOptions {
  /** Default: `gitlab+deploy-token-ID`. */
  readonly username?: string;
  readonly scopes?: readonly DeployScope[];
  /** Path of a project (default: acme/payments), or of a group with all that is below it. */
  readonly project?: string;
  readonly group?: string;
  /** `YYYY-MM-DD`; expires at 00:00 UTC of that day. */
  readonly expires?: string;
  readonly revoked?: boolean;
}

export interface TestDeployToken {
  readonly id: number;
  readonly username: string;
  readonly token: string;
  revoke(): void;
}

export interface GitlabParts {
  /** The address of this server, which may differ from `iss` and `web_url`. */
  readonly apiUrl: string;
  readonly faults: TestIssuer['faults'] & GitlabFaults;
  readonly latency: ServingOptions['latency'];
  /** Every call but discovery and keys, in order of arrival. */
  readonly seen: readonly SeenCall[];
  readonly state: GitlabState;
  count(endpoint: GitlabEndpoint): number;
  project(id: number, path: string): ProjectRecord;
  job(options?: JobOptions): TestJob;
  deployToken(options?: DeployTokenOptions): TestDeployToken;
  /** A valid personal access token. */
  personalToken(): string;
}

export type TestGitlab = TestIssuer & GitlabParts;

const PROJECT = { id: 20, path: 'acme/payments' };
const USER = { id: 3, username: 'ana' };
const SHA = '714a629c0b401fdce83e847fc9589983fc6f46bc';

/** A GitLab on a loopback port: an issuer of ID tokens, and the part of its API that jobs use. */
export async function startGitlab(options: GitlabOptions = {}): Promise<TestGitlab> {
  const clock = options.clock ?? { now: () => Date.now() };
  const state = new GitlabState(clock);
  const seen: SeenCall[] = [];
  const latency: GitlabParts['latency'] = {};
  /** Created when the address is known. */
  const api: { serve?: Serve } = {};
  const issuer = await startIssuer({
    ...options,
    type: 'gitlab',
    clock,
    others: (request, response) => void api.serve?.(request, response).catch(() => response.destroy()),
  });
  const routes = gitlabRoutes(issuer.url);
  const faults: GitlabParts['faults'] = issuer.faults;
  api.serve = createServe(state, { routes, faults, latency, seen, bans: options.bans ?? [] });

  function job(given: JobOptions = {}): TestJob {
    const id = state.nextId();
    const { project = PROJECT, pipeline = {}, form, instancePrefix } = given;
    const record: JobRecord = {
      id,
      name: given.name ?? 'deploy',
      token: state.newJobToken(id, {
        ...(form === undefined ? {} : { form }),
        ...(instancePrefix === undefined ? {} : { instancePrefix }),
      }),
      project: state.project(project.id, project.path),
      ref: given.ref ?? 'main',
      tag: given.tag ?? false,
      sha: given.sha ?? SHA,
      user: given.user ?? USER,
      pipeline: { id: pipeline.id ?? 1212, source: pipeline.source ?? 'push' },
      status: given.status ?? 'running',
      erased: false,
    };
    state.jobs.set(record.token, record);
    return {
      id,
      token: record.token,
      project: record.project,
      idToken: (claims = {}) => issuer.mint({ ...idTokenClaims(record), ...claims }),
      start: () => void (record.status = 'running'),
      finish: (status = 'success') => void (record.status = status),
      cancel: (how) => void (record.status = how === 'gracefully' ? 'canceling' : 'canceled'),
      erase: () => void (record.erased = true),
    };
  }

  return Object.assign(issuer, {
    apiUrl: new URL(issuer.jwksUri).origin,
    faults,
    latency,
    seen,
    state,
    count: (endpoint: GitlabEndpoint) => seen.filter((call) => call.endpoint === endpoint).length,
    project: (id: number, path: string) => state.project(id, path),
    job,
    deployToken(given: DeployTokenOptions = {}): TestDeployToken {
      const id = state.nextId();
      const token = `gldt-${randomBytes(15).toString('base64url')}`;
      const { username = `gitlab+deploy-token-${id}`, scopes = ['read_registry'], revoked = false } = given;
      const { project = PROJECT.path, group, expires } = given;
      const reach = group === undefined ? { project } : { group };
      const record = { id, username, token, scopes, reach, expires, revoked };
      state.deployTokens.set(token, record);
      return { id, username, token, revoke: () => void (record.revoked = true) };
    },
    personalToken(): string {
      const token = `glpat-${randomBytes(15).toString('base64url')}`;
      state.personalTokens.add(token);
      return token;
    },
  });
}

function idTokenClaims({ id, project, ref, tag, sha, user, pipeline }: JobRecord): Record<string, unknown> {
  const type = tag ? 'tag' : 'branch';
  const namespace = project.path.slice(0, project.path.lastIndexOf('/'));
  return {
    sub: `project_path:${project.path}:ref_type:${type}:ref:${ref}`,
    project_id: String(project.id),
    project_path: project.path,
    namespace_path: namespace,
    ref,
    ref_type: type,
    ref_path: `refs/${tag ? 'tags' : 'heads'}/${ref}`,
    pipeline_id: String(pipeline.id),
    pipeline_source: pipeline.source,
    job_id: String(id),
    user_id: String(user.id),
    user_login: user.username,
    sha,
  };
}
