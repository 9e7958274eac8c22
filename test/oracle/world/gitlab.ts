import { signJwt, type SigningKey } from './jwt.ts';
import { sendJson, startHttpServer, type HttpServer } from './servers.ts';

/** Tokens that this GitLab knows. */
export interface GitlabTokens {
  /** Job token → its job. */
  readonly jobs: ReadonlyMap<
    string,
    { readonly status: string; readonly project: number; readonly path: string }
  >;
  /** `user:secret` of deploy tokens. */
  readonly deployTokens: ReadonlyMap<string, number>;
  /** Base URL of `web_url`. */
  readonly externalUrl: () => string;
}

/** The two endpoints by which the gateway asks about tokens: GET /api/v4/job and GET /jwt/auth. */
export function startGitlab(key: SigningKey, tokens: GitlabTokens): Promise<HttpServer> {
  return startHttpServer((req, res) => {
    const url = req.url ?? '';
    if (url === '/api/v4/job') {
      const job = tokens.jobs.get(String(req.headers['job-token']));
      if (job === undefined) return sendJson(res, 401, { message: '401 Unauthorized' });
      return sendJson(res, 200, jobResponse(job, tokens.externalUrl()));
    }
    if (url.startsWith('/jwt/auth')) {
      const [, basic = ''] = (req.headers.authorization ?? '').split(' ');
      const user = Buffer.from(basic, 'base64').toString();
      const id = tokens.deployTokens.get(user);
      if (id === undefined) return sendJson(res, 401, { errors: [{ code: 'UNAUTHORIZED' }] });
      return sendJson(res, 200, { token: registryToken(key, id, user.split(':')[0] ?? '') });
    }
    return sendJson(res, 404, {});
  });
}

/** doc/api/jobs.md, "Get job token's job": the members that are read. */
function jobResponse(
  { status, project, path }: { status: string; project: number; path: string },
  base: string,
) {
  return {
    id: 4242,
    status,
    ref: 'main',
    tag: false,
    user: { id: 3, username: 'ana' },
    commit: { id: 'c0ffee' },
    pipeline: { id: 1212, project_id: project, sha: 'c0ffee', source: 'push' },
    web_url: `${base}/${path}/-/jobs/4242`,
  };
}

function registryToken(key: SigningKey, id: number, username: string): string {
  const now = Math.floor(Date.now() / 1000);
  const user = signJwt(key, {
    user_info: { token_type: 'deploy_token', username, deploy_token_id: id },
  });
  return signJwt(key, {
    iss: 'gitlab-issuer',
    aud: 'container_registry',
    sub: username,
    access: [],
    auth_type: 'deploy_token',
    user,
    iat: now,
    exp: now + 300,
  });
}
