import { FORBIDDEN, NOT_FOUND, UNAUTHORIZED, json, principalOf } from './gitlab-answer.ts';
import type { Answer, Call, Route } from './gitlab-answer.ts';
import { jobAnswer } from './gitlab-job-answer.ts';
import { REGISTRY_AUTH, reaches } from './gitlab-registry-auth.ts';
import type { DeployScope, GitlabState, Principal, ProjectRecord } from './gitlab-state.ts';

/** The GitLab endpoints that pipelines use, with the documented responses. */
export function gitlabRoutes(externalUrl: string): readonly Route[] {
  return [jobRoute(externalUrl), REGISTRY_AUTH, TRIGGER, ...ARTIFACTS, ...RELEASES, PACKAGES];
}

/** doc/api/jobs.md, "Get job token's job". */
function jobRoute(externalUrl: string): Route {
  return {
    endpoint: 'job',
    methods: ['GET'],
    path: /^\/api\/v4\/job$/,
    answer(call, state) {
      const principal = principalOf(call, state);
      if (principal === 'none' || principal === 'invalid') return UNAUTHORIZED;
      return principal.kind === 'job' ? json(200, jobAnswer(principal.job, externalUrl)) : NOT_FOUND;
    },
  };
}

/** doc/api/pipeline_triggers.md; the job token is the `token`. */
const TRIGGER: Route = {
  endpoint: 'trigger',
  methods: ['POST'],
  path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/trigger\/pipeline$/,
  answer(call, state) {
    const form = formOf(call);
    const job = state.liveJob(form.get('token') ?? '');
    const project = state.findProject(call.parts['project'] ?? '');
    const ref = form.get('ref');
    if (ref === null) return json(400, { error: 'ref is missing' });
    if (job === undefined || project === undefined || !jobReaches(job.project, project)) return NOT_FOUND;
    const id = state.nextId();
    return json(201, { id, project_id: project.id, ref, status: 'created', source: 'pipeline' });
  },
};

/** doc/api/job_artifacts.md */
const ARTIFACTS: readonly Route[] = [
  {
    endpoint: 'artifacts',
    methods: ['GET'],
    path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/jobs\/(?<job>\d+)\/artifacts$/,
    answer: (call, state) =>
      inProject(call, state, undefined, ({ artifacts }) => {
        const bytes = artifacts.get(Number(call.parts['job']));
        return bytes === undefined ? NOT_FOUND : { status: 200, body: bytes };
      }),
  },
  {
    endpoint: 'artifacts',
    methods: ['GET'],
    path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/jobs\/artifacts\/(?<ref>.+)\/download$/,
    answer: (call, state) =>
      inProject(call, state, undefined, ({ path, artifacts }) => {
        const ref = decodeURIComponent(call.parts['ref'] ?? '');
        const job = [...state.jobs.values()].findLast(
          ({ id, name, project, ref: own }) =>
            project.path === path && own === ref && name === call.query.get('job') && artifacts.has(id),
        );
        return job === undefined ? NOT_FOUND : { status: 200, body: artifacts.get(job.id) };
      }),
  },
];

/** doc/api/releases/_index.md */
const RELEASES: readonly Route[] = [
  {
    endpoint: 'releases',
    methods: ['GET', 'POST'],
    path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/releases$/,
    answer: (call, state) =>
      inProject(call, state, undefined, ({ releases }) => {
        if (call.method === 'GET') return json(200, [...releases.values()]);
        const tag = formOf(call).get('tag_name');
        if (tag === null) return json(400, { error: 'tag_name is missing' });
        if (releases.has(tag)) return json(409, { message: 'Release already exists' });
        const release = { tag_name: tag, name: formOf(call).get('name') ?? tag };
        releases.set(tag, release);
        return json(201, release);
      }),
  },
  {
    endpoint: 'releases',
    methods: ['GET'],
    path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/releases\/(?<tag>[^/]+)$/,
    answer: (call, state) =>
      inProject(call, state, undefined, ({ releases }) => {
        const release = releases.get(decodeURIComponent(call.parts['tag'] ?? ''));
        return release === undefined ? NOT_FOUND : json(200, release);
      }),
  },
];

/** doc/user/packages/generic_packages/_index.md */
const PACKAGES: Route = {
  endpoint: 'packages',
  methods: ['GET', 'PUT'],
  path: /^\/api\/v4\/projects\/(?<project>[^/]+)\/packages\/generic\/(?<file>[^/]+\/[^/]+\/.+)$/,
  answer(call, state) {
    const scope = call.method === 'GET' ? 'read_package_registry' : 'write_package_registry';
    return inProject(call, state, scope, ({ packages }) => {
      const file = call.parts['file'] ?? '';
      if (call.method === 'PUT') {
        packages.set(file, call.body);
        return json(201, { message: '201 Created' });
      }
      const bytes = packages.get(file);
      return bytes === undefined ? NOT_FOUND : { status: 200, body: bytes };
    });
  },
};

/** `scope`: the scope that a deploy token needs; without one, deploy tokens are rejected. */
function inProject(
  call: Call,
  state: GitlabState,
  scope: DeployScope | undefined,
  answer: (project: ProjectRecord) => Answer,
): Answer {
  const principal = principalOf(call, state);
  if (principal === 'none' || principal === 'invalid') return UNAUTHORIZED;
  const project = state.findProject(call.parts['project'] ?? '');
  if (project === undefined || !mayReach(principal, project)) return NOT_FOUND;
  if (principal.kind === 'deploy' && (scope === undefined || !principal.deploy.scopes.includes(scope))) {
    return FORBIDDEN;
  }
  return answer(project);
}

function mayReach(principal: Principal, project: ProjectRecord): boolean {
  switch (principal.kind) {
    case 'person':
      return true;
    case 'job':
      return jobReaches(principal.job.project, project);
    case 'deploy':
      return reaches(principal.deploy, project.path);
    default:
      return principal satisfies never;
  }
}

/** The job's project and the projects with it on their allowlist. */
function jobReaches(from: ProjectRecord, to: ProjectRecord): boolean {
  return from.id === to.id || to.jobTokenAllowlist.includes(from.path);
}

/** Parameters from the query, a form, multipart (curl -F) or a JSON object. */
function formOf({ query, headers, body }: Call): URLSearchParams {
  const type = headers['content-type'] ?? '';
  const text = body.toString('utf8');
  const form = new URLSearchParams(query);
  if (type.startsWith('application/x-www-form-urlencoded')) {
    for (const [name, value] of new URLSearchParams(text)) form.set(name, value);
  } else if (type.startsWith('application/json')) {
    for (const [name, value] of Object.entries(JSON.parse(text) as object)) form.set(name, String(value));
  } else if (type.startsWith('multipart/form-data')) {
    for (const part of text.matchAll(
      /name="(?<name>[^"]+)"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n(?<value>[^\r]*)\r\n/g,
    )) {
      form.set(part.groups?.['name'] ?? '', part.groups?.['value'] ?? '');
    }
  }
  return form;
}
