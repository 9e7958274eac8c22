import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { nuspecOf } from './nupkg.ts';
import { startHttpUpstream } from './http-upstream.ts';

export interface TestNuget {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Every request that reached it: method, target, headers. */
  readonly requests: readonly { readonly line: string; readonly headers: IncomingMessage['headers'] }[];
  close(): Promise<void>;
}

interface Version {
  readonly id: string;
  readonly version: string;
  readonly bytes: Buffer;
  listed: boolean;
}

/**
 * A NuGet feed that implements the documented API, version 3 ("NuGet Server API"); the permitted registries offer no
 * server. All URLs in its documents are absolute.
 */
export async function startNuget(): Promise<TestNuget> {
  const [username, password] = ['gatehouse', 'canary-nuget-upstream'];
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const requests: { line: string; headers: IncomingMessage['headers'] }[] = [];
  const stored: Version[] = [];
  const upstream = await startHttpUpstream((req, res) => {
    requests.push({ line: `${req.method} ${req.url}`, headers: req.headers });
    if (req.headers.authorization === authorization) void serve(req, res);
    else res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="feed"' }).end();
  }, createServer());
  const { url } = upstream;
  const found = (id: string): Version[] => stored.filter((each) => each.id.toLowerCase() === id);

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '', url);
    const parts = pathname.split('/').slice(1);
    const [, , id = '', version = '', file] = parts;
    // The client adds a slash.
    if (req.method === 'PUT' && /^\/api\/v2\/package\/?$/.test(pathname)) {
      const bytes = await partOf(req);
      const { id: name, version: number } = nuspecOf(bytes);
      if (found(name.toLowerCase()).some((each) => each.version === number))
        return void res.writeHead(409).end();
      stored.push({ id: name, version: number, bytes, listed: true });
      return void res.writeHead(201).end();
    }
    if (req.method === 'DELETE' && pathname.startsWith('/api/v2/package/')) {
      const unlisted = found((parts[3] ?? '').toLowerCase()).find((each) => each.version === parts[4]);
      if (unlisted !== undefined) unlisted.listed = false;
      return void res.writeHead(unlisted === undefined ? 404 : 204).end();
    }
    if (req.method !== 'GET') return void res.writeHead(405).end();
    if (pathname === '/v3/index.json') return json(req, res, serviceIndex(url));
    if (pathname === '/v3/search') {
      const query = (searchParams.get('q') ?? '').toLowerCase();
      const data = stored.filter((each) => each.listed && each.id.toLowerCase().includes(query));
      return json(req, res, { totalHits: data.length, data: data.map((each) => hit(url, each)) });
    }
    const versions = found(id);
    if (versions.length === 0) return void res.writeHead(404).end();
    if (pathname.startsWith('/v3/registration')) {
      const page = `${url}/v3/${parts[1]}/${id}/page/0.0.0/9.9.9.json`;
      // As large packages have it: pages are documents of their own.
      return version === 'index.json'
        ? json(req, res, {
            count: 1,
            items: [{ '@id': page, count: versions.length, lower: '0.0.0', upper: '9.9.9' }],
          })
        : json(req, res, registrationPage(url, page, versions));
    }
    if (version === 'index.json') return json(req, res, { versions: versions.map((each) => each.version) });
    const wanted = versions.find((each) => file === `${id}.${version}.nupkg` && each.version === version);
    if (wanted === undefined) return void res.writeHead(404).end();
    res.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': wanted.bytes.length });
    res.end(wanted.bytes);
  }

  return { url, username, password, requests, close: () => upstream.close() };
}

function serviceIndex(url: string): unknown {
  const resource = (path: string, ...types: readonly string[]): unknown[] =>
    types.map((type) => ({ '@id': url + path, '@type': type }));
  return {
    version: '3.0.0',
    resources: [
      ...resource(
        '/v3/search',
        'SearchQueryService',
        'SearchQueryService/3.0.0-rc',
        'SearchQueryService/3.5.0',
      ),
      ...resource('/v3/registration/', 'RegistrationsBaseUrl'),
      // As on nuget.org, compressed for every request.
      ...resource(
        '/v3/registration5-gz-semver2/',
        'RegistrationsBaseUrl/3.4.0',
        'RegistrationsBaseUrl/3.6.0',
      ),
      ...resource('/v3/package/', 'PackageBaseAddress/3.0.0'),
      ...resource('/api/v2/package', 'PackagePublish/2.0.0'),
    ],
  };
}

function registrationPage(url: string, page: string, versions: readonly Version[]): unknown {
  return {
    '@id': page,
    count: versions.length,
    lower: '0.0.0',
    upper: '9.9.9',
    items: versions.map(({ id, version, listed }) => {
      const name = id.toLowerCase();
      const packageContent = `${url}/v3/package/${name}/${version}/${name}.${version}.nupkg`;
      return {
        '@id': `${url}/v3/registration/${name}/${version}.json`,
        catalogEntry: {
          '@id': `${url}/v3/catalog0/data/${name}.${version}.json`,
          id,
          version,
          listed,
          packageContent,
        },
        packageContent,
      };
    }),
  };
}

function hit(url: string, { id, version }: Version): unknown {
  const registration = `${url}/v3/registration/${id.toLowerCase()}`;
  return {
    '@id': `${registration}/index.json`,
    registration: `${registration}/index.json`,
    id,
    version,
    description: `${id}, for tests`,
    versions: [{ version, downloads: 0, '@id': `${registration}/${version}.json` }],
  };
}

function json(req: IncomingMessage, res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  if (req.headers['if-none-match'] === etag) return void res.writeHead(304, { ETag: etag }).end();
  const compressed = req.url?.includes('-gz-') === true;
  const bytes = compressed ? gzipSync(body) : Buffer.from(body);
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    ...(compressed ? { 'Content-Encoding': 'gzip' } : {}),
    ETag: etag,
  });
  res.end(bytes);
}

/** The one part of a multipart body. */
async function partOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const start = body.indexOf('\r\n\r\n') + 4;
  return body.subarray(start, body.lastIndexOf('\r\n--'));
}
