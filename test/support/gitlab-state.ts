import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/core/ports.ts';
import { generateKey, signCompact } from './issuer-keys.ts';
import type { SigningKey } from './issuer-keys.ts';

export type JobStatus = 'pending' | 'running' | 'canceling' | 'canceled' | 'success' | 'failed';

export const DEPLOY_SCOPES = [
  'read_repository',
  'read_registry',
  'write_registry',
  'read_package_registry',
  'write_package_registry',
] as const;

export type DeployScope = (typeof DEPLOY_SCOPES)[number];

export interface ProjectRecord {
  readonly id: number;
  readonly path: string;
  /** Projects on the job token allowlist, by path. */
  readonly jobTokenAllowlist: string[];
  /** Generic packages: `NAME/VERSION/FILE` → bytes. */
  readonly packages: Map<string, Buffer>;
  readonly releases: Map<string, Readonly<Record<string, unknown>>>;
  /** By job id. */
  readonly artifacts: Map<number, Buffer>;
}

export interface JobRecord {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly project: ProjectRecord;
  readonly ref: string;
  readonly tag: boolean;
  readonly sha: string;
  readonly user: { readonly id: number; readonly username: string };
  readonly pipeline: { readonly id: number; readonly source: string };
  status: JobStatus;
  erased: boolean;
}

export interface DeployTokenRecord {
  readonly id: number;
  readonly username: string;
  readonly token: string;
  readonly scopes: readonly DeployScope[];
  /** Path of a project, or of a group with all that is below it. */
  readonly reach: { readonly project: string } | { readonly group: string };
  /** 00:00 UTC of that day. */
  readonly expires: string | undefined;
  revoked: boolean;
}

export type Principal =
  | { readonly kind: 'job'; readonly job: JobRecord }
  | { readonly kind: 'deploy'; readonly deploy: DeployTokenRecord }
  | { readonly kind: 'person' };

export interface TokenForm {
  /** `jwt`: as of 18.x, signed with a key that GitLab publishes nowhere. Default: `plain`. */
  readonly form?: 'plain' | 'jwt';
  /** `acme` for `acme-glcbt-…`. */
  readonly instancePrefix?: string;
}

/** The state of a GitLab server: projects, jobs and their credentials. */
export class GitlabState {
  readonly clock: Clock;
  readonly projects = new Map<number, ProjectRecord>();
  readonly jobs = new Map<string, JobRecord>();
  readonly deployTokens = new Map<string, DeployTokenRecord>();
  readonly personalTokens = new Set<string>();
  /** Repositories that a push request created, as in GitLab; the probe must not create any. */
  readonly repositories = new Set<string>();
  registryEnabled = true;
  /** The nested `user` token of registry tokens: complete, without `token_type`, or absent. */
  registryUser: 'complete' | 'untyped' | 'absent' = 'complete';
  #serial = 1_000;
  #jobKey: SigningKey | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  nextId(): number {
    this.#serial += 1;
    return this.#serial;
  }

  project(id: number, path: string): ProjectRecord {
    const known = this.projects.get(id);
    if (known !== undefined && known.path === path) return known;
    const project: ProjectRecord = {
      id,
      path,
      jobTokenAllowlist: [],
      packages: new Map(),
      releases: new Map(),
      artifacts: new Map(),
    };
    this.projects.set(id, project);
    return project;
  }

  /** By number, or by path with its slashes encoded. */
  findProject(idOrPath: string): ProjectRecord | undefined {
    if (/^\d+$/.test(idOrPath)) return this.projects.get(Number(idOrPath));
    // GitLab compares paths case-insensitively.
    const path = decodeURIComponent(idOrPath).toLowerCase();
    return [...this.projects.values()].find((project) => project.path.toLowerCase() === path);
  }

  newJobToken(id: number, { form = 'plain', instancePrefix }: TokenForm): string {
    const secret = form === 'jwt' ? this.#jobTokenJwt(id) : `64_${randomBytes(15).toString('base64url')}`;
    return `${instancePrefix === undefined ? '' : `${instancePrefix}-`}glcbt-${secret}`;
  }

  /** Valid while the job runs and is not erased (app/finders/ci/auth_job_finder.rb). */
  liveJob(token: string): JobRecord | undefined {
    const job = this.jobs.get(token);
    if (job === undefined || job.erased) return undefined;
    return job.status === 'running' || job.status === 'canceling' ? job : undefined;
  }

  liveDeployToken(token: string, username?: string): DeployTokenRecord | undefined {
    const found = this.deployTokens.get(token);
    if (found === undefined || found.revoked) return undefined;
    if (username !== undefined && username !== found.username) return undefined;
    const end = found.expires === undefined ? Infinity : Date.parse(`${found.expires}T00:00:00Z`);
    return this.clock.now() < end ? found : undefined;
  }

  #jobTokenJwt(id: number): string {
    this.#jobKey ??= generateKey('ci-job-token');
    const now = Math.floor(this.clock.now() / 1000);
    const times = { iat: now, nbf: now - 5, exp: now + 3900 };
    const payload = { jti: randomUUID(), iss: 'gitlab', sub: `gid://gitlab/Ci::Build/${id}`, ...times };
    return signCompact({ alg: 'RS256', typ: 'JWT', kid: this.#jobKey.kid }, payload, this.#jobKey);
  }
}
