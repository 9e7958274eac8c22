import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { startGitServer, type TestGitServer } from './git-server.ts';
import { releaseEndpoints } from './gitlab-releases.ts';
import type { TestGitlab } from './gitlab.ts';

export interface SeenForm {
  readonly type: string;
  readonly body: Buffer;
}

export interface TestGitlabInstance extends TestGitServer {
  /** The token that the server requires in `PRIVATE-TOKEN`. */
  readonly privateToken: string;
  /** The received pipeline trigger forms. */
  readonly forms: readonly SeenForm[];
}

/**
 * The GitLab endpoints of the gateway's endpoint table, as documented by GitLab, and Git: generic packages, triggers,
 * job artifacts, releases, Terraform state, a project. Job tokens are those of the given GitLab server.
 */
export async function startGitlabInstance(gitlab: TestGitlab): Promise<TestGitlabInstance> {
  const privateToken = 'canary-gitlab-private-token';
  const forms: SeenForm[] = [];
  const stored = new Map<string, Buffer>();
  const releases = releaseEndpoints(json);

  const serve: RequestListener = (req, res) => {
    void bodyOf(req).then((body) => {
      const { pathname } = new URL(req.url ?? '/', 'http://localhost');
      if (pathname.endsWith('/trigger/pipeline')) return trigger(req, res, body);
      if (!isKnown(req)) return json(res, 401, { message: '401 Unauthorized' });
      if (releases(req, body, res)) return;
      switch (req.method) {
        case 'PUT':
        case 'POST':
          stored.set(pathname, body);
          return json(res, 201, { message: '201 Created' });
        case 'DELETE':
          stored.delete(pathname);
          return void res.writeHead(204).end();
        default:
          return read(pathname, res);
      }
    });
  };

  function isKnown({ headers }: IncomingMessage): boolean {
    const job = headers['job-token'];
    return (
      headers['private-token'] === privateToken || (typeof job === 'string' && gitlab.state.jobs.has(job))
    );
  }

  function read(pathname: string, res: ServerResponse): void {
    const content =
      stored.get(pathname) ?? (pathname.includes('/artifacts/') ? Buffer.from('PK') : undefined);
    if (content !== undefined) {
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': content.length };
      return void res.writeHead(200, headers).end(content);
    }
    if (/\/projects\/[^/]+$/.test(pathname))
      return json(res, 200, { id: 20, path_with_namespace: 'acme/payments' });
    json(res, 404, { message: '404 Not found' });
  }

  /** GitLab, "Pipeline trigger tokens API": only the token in the form is read. */
  function trigger(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
    const type = req.headers['content-type'] ?? '';
    forms.push({ type, body });
    const text = body.toString('latin1');
    const [, token = ''] =
      (type.startsWith('multipart/') ? /name="token"\r\n\r\n([^\r]*)\r\n/ : /(?:^|&)token=([^&]*)/).exec(
        text,
      ) ?? [];
    const job = gitlab.state.jobs.get(decodeURIComponent(token));
    if (job === undefined) return json(res, 404, { message: '404 Not Found' });
    json(res, 201, { id: 257, project_id: job.project.id, ref: 'main', status: 'pending' });
  }

  const server = await startGitServer({ api: serve });
  return Object.assign(server, { privateToken, forms });
}

async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function json(res: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  res.writeHead(status, headers).end(text);
}
