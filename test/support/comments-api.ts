import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Comment {
  readonly id: number;
  /** GitLab. */
  readonly author: { readonly id: number };
  /** GitHub; comments of a workflow's token have the type Bot. */
  readonly user: { readonly type: 'User' | 'Bot' };
  body: string;
}

/**
 * The comments of one merge request, as GitLab ("Notes API") and GitHub ("REST API endpoints for issue comments")
 * serve them: pages of at most 100, an update by id, and the token that each expects.
 */
export async function startCommentsApi(token: string, existing: number) {
  const comments: Comment[] = Array.from({ length: existing }, (_, at) => ({
    id: at + 1,
    author: { id: 1 },
    user: { type: 'User' },
    body: `comment ${at}`,
  }));
  const server = createServer((request, response) => {
    void respond(request, response, comments, token);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    comments,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** The user of the token. */
const BOT = 99;

const GITLAB = /^\/api\/v4\/projects\/7\/merge_requests\/3\/notes(?:\/(\d+))?$/;
const GITHUB = /^\/repos\/acme\/policy\/issues\/(?:3\/comments|comments\/(\d+))$/;

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  comments: Comment[],
  token: string,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const gitlab = GITLAB.exec(pathname);
  const found = gitlab ?? GITHUB.exec(pathname);
  const { headers, method } = request;
  const isAuthorized =
    gitlab === null ? headers.authorization === `Bearer ${token}` : headers['private-token'] === token;
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const reply = (status: number, value: unknown, extra: Record<string, string> = {}): void => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...extra }).end(JSON.stringify(value));
  };
  if (pathname === '/api/v4/user' && headers['private-token'] === token) return reply(200, { id: BOT });
  if (!isAuthorized) return reply(401, { message: '401 Unauthorized' });
  if (found === null) return reply(404, { message: 'Not Found' });
  const id = found[1];
  if (method === 'GET' && id === undefined) {
    const size = Math.min(100, Number(searchParams.get('per_page') ?? 20));
    const page = Number(searchParams.get('page') ?? 1);
    const next = page * size < comments.length ? String(page + 1) : '';
    return reply(
      200,
      comments.slice((page - 1) * size, page * size),
      gitlab === null ? {} : { 'x-next-page': next },
    );
  }
  const { body } = JSON.parse(text) as { readonly body: string };
  if (method === 'POST' && id === undefined) {
    const comment: Comment = { id: comments.length + 1, author: { id: BOT }, user: { type: 'Bot' }, body };
    comments.push(comment);
    return reply(201, comment);
  }
  const comment = comments.find((each) => String(each.id) === id);
  if (method !== (gitlab === null ? 'PATCH' : 'PUT') || comment === undefined)
    return reply(404, { message: 'Not Found' });
  comment.body = body;
  reply(200, comment);
}
