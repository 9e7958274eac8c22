import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service account with a personal access token. */
export interface GitlabAccount {
  readonly username: string;
  token: string;
  readonly scope: 'api' | 'read_api';
}

export interface GitlabRest {
  /** Ends in `/api/v4/`. */
  readonly apiUrl: string;
  /** Raw headers and targets of all requests, as text. */
  seen(): string;
  /** The user of each request, in order. */
  readonly callers: readonly (string | undefined)[];
  close(): Promise<void>;
}

const PROJECTS = [42, 43, 44, 45, 46].map((id) => ({ id, path_with_namespace: `acme/project-${id}` }));

/**
 * GitLab's REST API for personal access tokens (docs.gitlab.com/api/rest/, authentication and pagination;
 * api/users, api/projects, api/issues): `PRIVATE-TOKEN` or Bearer, 401 without a valid one, 403 `insufficient_scope`
 * for writes with `read_api`, `Link` to the next page with the upstream's URL.
 */
export async function startGitlabRest(accounts: readonly GitlabAccount[]): Promise<GitlabRest> {
  const callers: (string | undefined)[] = [];
  let text = '';
  const server = createServer((request, response) => {
    text += `${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n`;
    request.resume();
    const account = accountOf(request, accounts);
    callers.push(account?.username);
    if (account === undefined) return reply(response, 401, { message: '401 Unauthorized' });
    if (request.method !== 'GET' && account.scope === 'read_api') {
      return reply(response, 403, {
        error: 'insufficient_scope',
        error_description: 'The request requires higher privileges than provided by the access token.',
        scope: 'api',
      });
    }
    answer(request, response, account);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v4/`,
    seen: () => text,
    callers,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function accountOf(
  { headers }: IncomingMessage,
  accounts: readonly GitlabAccount[],
): GitlabAccount | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  const shown = headers['private-token'] ?? bearer;
  return accounts.find(({ token }) => token === shown);
}

function answer(request: IncomingMessage, response: ServerResponse, { username }: GitlabAccount): void {
  const url = new URL(request.url ?? '', `http://${request.headers.host}`);
  const path = url.pathname.replace('/api/v4', '');
  const project = PROJECTS.find(({ id }) => path === `/projects/${id}`);
  if (request.method === 'POST' && /^\/projects\/42\/issues$/.test(path)) {
    return reply(response, 201, { iid: 1, project_id: 42, author: { username } });
  }
  if (path === '/user') return reply(response, 200, { id: 7, username, state: 'active' });
  if (project !== undefined) return reply(response, 200, project);
  if (path === '/projects') {
    const [page, size] = [Number(url.searchParams.get('page') ?? 1), 2];
    const next = `<${url.origin}/api/v4/projects?page=${page + 1}&per_page=${size}>; rel="next"`;
    const more = page * size < PROJECTS.length;
    if (more) response.setHeader('Link', next);
    return reply(response, 200, PROJECTS.slice((page - 1) * size, page * size));
  }
  return reply(response, 404, { message: '404 Project Not Found' });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}
