import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

interface Lock {
  readonly id: string;
  readonly path: string;
  readonly locked_at: string;
  readonly owner: { readonly name: string };
}

/**
 * The file locking API of Git LFS (git-lfs, docs/api/locking.md). Lock owners come from the gateway's identity headers,
 * because all requests carry the gateway's upstream credential.
 */
export function serveLocks(): RequestListener {
  const locks = new Map<string, Lock>();
  let made = 0;

  return (req, res) => {
    void bodyOf(req).then((body) => {
      const [, id] = /\/info\/lfs\/locks\/([^/]+)\/unlock$/.exec(req.url ?? '') ?? [];
      const owner = String(req.headers['x-auth-identity']);
      if (id !== undefined) return unlock(id, owner, body, res);
      const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
      const all = [...locks.values()];
      if (pathname.endsWith('/locks/verify')) {
        const ours = all.filter((lock) => lock.owner.name === owner);
        return json(res, 200, { ours, theirs: all.filter((lock) => !ours.includes(lock)) });
      }
      if (!pathname.endsWith('/info/lfs/locks')) return json(res, 404, { message: 'no locks here' });
      if (req.method === 'POST') return lock(String(body['path']), owner, res);
      const path = searchParams.get('path');
      json(res, 200, { locks: path === null ? all : all.filter((each) => each.path === path) });
    });
  };

  function lock(path: string, name: string, res: ServerResponse): void {
    const held = [...locks.values()].find((each) => each.path === path);
    if (held !== undefined) return json(res, 409, { lock: held, message: 'already created lock' });
    made += 1;
    const added = { id: `lock-${made}`, path, locked_at: '2026-01-01T00:00:00Z', owner: { name } };
    locks.set(added.id, added);
    json(res, 201, { lock: added });
  }

  function unlock(
    id: string,
    name: string,
    body: Readonly<Record<string, unknown>>,
    res: ServerResponse,
  ): void {
    const held = locks.get(id);
    if (held === undefined) return json(res, 404, { message: 'no such lock' });
    if (held.owner.name !== name && body['force'] !== true)
      return json(res, 403, { message: 'not your lock' });
    locks.delete(id);
    json(res, 200, { lock: held });
  }
}

async function bodyOf(req: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of req.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'Content-Type': 'application/vnd.git-lfs+json' }).end(JSON.stringify(body));
}
