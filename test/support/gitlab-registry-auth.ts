import { randomUUID } from 'node:crypto';
import { json, principalOf } from './gitlab-answer.ts';
import type { Answer, Call, Route } from './gitlab-answer.ts';
import type { DeployTokenRecord, GitlabState, Principal } from './gitlab-state.ts';
import { generateKey, signCompact } from './issuer-keys.ts';

/** Registry tokens and ID tokens have different keys. */
const REGISTRY_KEY = generateKey('registry', 'ES256');

/** `GET /jwt/auth`: the token request of docker at GitLab (app/controllers/jwt_controller.rb, tokens.md §4). */
export const REGISTRY_AUTH: Route = {
  endpoint: 'jwtAuth',
  methods: ['GET'],
  path: /^\/jwt\/auth$/,
  answer(call, state) {
    const service = call.query.get('service');
    if (!state.registryEnabled || service !== 'container_registry') return json(404, {});
    const principal = principalOf(call, state);
    if (principal === 'invalid') return refusal(401, 'UNAUTHORIZED', 'HTTP Basic: Access denied');
    if (principal === 'none' || !hasRegistryScope(principal)) {
      return refusal(403, 'DENIED', 'access forbidden');
    }
    return json(200, { token: registryToken(call, principal, state) });
  },
};

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** A token without access is a 200 response too. */
function registryToken(call: Call, principal: Principal, state: GitlabState): string {
  const access = call.query
    .getAll('scope')
    .flatMap((scopes) => scopes.split(' ').flatMap((scope) => accessTo(scope, principal, state)));
  const now = Math.floor(state.clock.now() / 1000);
  const times = { iat: now, nbf: now - 5, exp: now + 300 };
  const payload = {
    access,
    jti: randomUUID(),
    iss: 'gitlab-issuer',
    aud: 'container_registry',
    ...times,
    auth_type: authType(principal),
    sub: usernameOf(principal),
    ...(state.registryUser !== 'absent' && { user: userToken(principal, state) }),
  };
  return signCompact({ alg: 'ES256', typ: 'JWT', kid: REGISTRY_KEY.kid }, payload, REGISTRY_KEY);
}

/** `repository:GROUP/PROJECT/IMAGE:pull,push` → the granted actions. */
function accessTo(scope: string, principal: Principal, state: GitlabState): readonly Access[] {
  const parts = /^(repository):(.+):([a-z,*]+)$/.exec(scope);
  const [, type = '', name = '', asked = ''] = parts ?? [];
  const project = [...state.projects.values()].find(({ path }) => isWithin(name, path));
  if (project === undefined) return [];
  const actions = asked.split(',').filter((action) => mayDo(principal, project.path, action));
  if (actions.includes('push')) state.repositories.add(name);
  return actions.length === 0 ? [] : [{ type, name, actions }];
}

function mayDo(principal: Principal, project: string, action: string): boolean {
  switch (principal.kind) {
    case 'person':
      return true;
    case 'job':
      return principal.job.project.path === project && action !== '*';
    case 'deploy': {
      const scope = action === 'pull' ? 'read_registry' : 'write_registry';
      return action !== '*' && principal.deploy.scopes.includes(scope) && reaches(principal.deploy, project);
    }
    default:
      return principal satisfies never;
  }
}

export function reaches({ reach }: DeployTokenRecord, project: string): boolean {
  return 'project' in reach ? reach.project === project : isWithin(project, reach.group);
}

function isWithin(path: string, base: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}

function hasRegistryScope(principal: Principal): boolean {
  if (principal.kind !== 'deploy') return true;
  return principal.deploy.scopes.some((scope) => scope === 'read_registry' || scope === 'write_registry');
}

function authType(principal: Principal): string {
  return { job: 'build', deploy: 'deploy_token', person: 'personal_access_token' }[principal.kind];
}

function userToken(principal: Principal, { registryUser }: GitlabState): string {
  const userInfo = {
    ...(registryUser === 'complete' && { token_type: authType(principal) }),
    username: usernameOf(principal),
    ...(principal.kind === 'deploy' && { deploy_token_id: principal.deploy.id }),
  };
  return signCompact({ alg: 'ES256', typ: 'JWT' }, { user_info: userInfo }, REGISTRY_KEY);
}

function usernameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'person':
      return 'ana';
    case 'job':
      return principal.job.user.username;
    case 'deploy':
      return principal.deploy.username;
    default:
      return principal satisfies never;
  }
}

function refusal(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message }] });
}
