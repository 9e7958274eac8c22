import type { IncomingMessage, ServerResponse } from 'node:http';

interface Release {
  readonly tag_name: string;
  readonly name: string;
  readonly description: string;
  readonly assets: { readonly links: { readonly id: number; readonly name: string; readonly url: string }[] };
}

type Reply = (res: ServerResponse, status: number, body: object) => void;

/** GitLab, "Releases API" and "Release links API": list, read, create, delete, and links to assets. `false`: none of these. */
export function releaseEndpoints(
  reply: Reply,
): (req: IncomingMessage, body: Buffer, res: ServerResponse) => boolean {
  const projects = new Map<string, Map<string, Release>>();

  return ({ method = '', url = '' }, body, res) => {
    const [, id = '', tag, links] =
      /^\/api\/v4\/projects\/([^/]+)\/releases(?:\/([^/]+)(\/assets\/links)?)?$/.exec(url) ?? [];
    if (id === '') return false;
    const releases = projects.get(id) ?? new Map<string, Release>();
    projects.set(id, releases);
    const release = tag === undefined ? undefined : releases.get(decodeURIComponent(tag));
    if (tag === undefined && method === 'GET') reply(res, 200, [...releases.values()]);
    else if (tag === undefined && method === 'POST') create(releases, body, res);
    else if (release === undefined) reply(res, 404, { message: '404 Not Found' });
    else if (links !== undefined && method === 'POST') {
      const { name, url: target } = JSON.parse(body.toString()) as { name: string; url: string };
      const link = { id: release.assets.links.length + 1, name, url: target };
      release.assets.links.push(link);
      reply(res, 201, link);
    } else {
      if (method === 'DELETE') releases.delete(release.tag_name);
      reply(res, 200, release);
    }
    return true;
  };

  function create(releases: Map<string, Release>, body: Buffer, res: ServerResponse): void {
    const { tag_name = '', ...given } = JSON.parse(body.toString()) as Partial<Release>;
    if (tag_name === '') return reply(res, 400, { error: 'tag_name is missing' });
    if (releases.has(tag_name)) return reply(res, 409, { message: 'Release already exists' });
    const release = { name: tag_name, description: '', assets: { links: [] }, ...given, tag_name };
    releases.set(tag_name, release);
    reply(res, 201, release);
  }
}
