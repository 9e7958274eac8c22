import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEcho } from './demo-server.ts';
import type { DemoGateway, DemoOutcome, DemoRequests, DemoStory } from './demo-story.ts';
import { startNpmFeed } from './npm-feed.ts';

const OWN = '@payments/client';
const FOREIGN = '@website/ui';

/** An npm registry with one package, and an API that returns its request. The steps send the requests of npm. */
export async function openNpmStory(folder: string): Promise<DemoStory> {
  const [feed, echo] = await Promise.all([startNpmFeed(OWN, '1.0.0'), startEcho()]);
  return {
    title: 'an npm registry and an API behind the gateway',
    parts: [
      { name: 'registry', url: feed.url, purpose: `npm registry with the package ${OWN}` },
      { name: 'api', url: echo.url, purpose: 'returns the requests that reach it' },
    ],
    note: 'With docker-registry installed, the demo runs a container registry. The steps send the requests of npm.',
    grants: [
      "{ service: npm, scopes: [read_package_registry, write_package_registry], resources: ['@payments/*'] }",
      "{ service: orders, scopes: [read_api], resources: ['/v1/{claims.project_path}/**'] }",
    ],
    services: [
      `npm: { type: npm, path: /npm/, upstream: { url: '${feed.url}/' } }`,
      `orders: { type: http, path: /orders/, upstream: { url: '${echo.url}/' } }`,
    ],
    connect(gateway) {
      writeClientFiles(folder, gateway);
      return connect(folder, gateway);
    },
    close() {
      feed.close();
      echo.close();
      return Promise.resolve();
    },
  };
}

/** The configuration of npm with the token, and a package to publish. */
function writeClientFiles(folder: string, { url, token }: DemoGateway): void {
  const registry = `${url}/npm/`;
  writeFileSync(
    join(folder, 'npmrc'),
    `registry=${registry}\n${registry.replace(/^http:/, '')}:_authToken=${token}\n`,
    { mode: 0o600 },
  );
  mkdirSync(join(folder, 'ui'));
  writeFileSync(join(folder, 'ui/package.json'), JSON.stringify({ name: FOREIGN, version: '1.0.0' }));
}

function connect(folder: string, gateway: DemoGateway): DemoRequests {
  const npm = (args: string): string => `npm ${args} --userconfig ${folder}/npmrc`;
  const curl = `curl --header "Authorization: Bearer $(cat ${gateway.tokenFile})"`;
  const orders = '/orders/v1/acme/payments';
  const view = npm(`view ${OWN} version`);
  const publication = npm(`publish ${folder}/ui`);
  return {
    steps: [
      {
        title: 'A job of acme/payments uses its ID token as npm token',
        command: npm('whoami'),
        run: () =>
          send(gateway, 'GET', '/npm/-/whoami', async (response) => {
            const { username } = (await response.json()) as { readonly username: string };
            return [username];
          }),
      },
      {
        title: 'It reads a package of its project',
        command: view,
        run: () =>
          send(gateway, 'GET', `/npm/${OWN.replace('/', '%2f')}`, async (response) => {
            const { 'dist-tags': tags } = (await response.json()) as {
              readonly 'dist-tags': { readonly latest: string };
            };
            return [tags.latest];
          }),
      },
      {
        title: 'It calls an API, which receives the identity and not the token',
        command: `${curl} ${gateway.url}${orders}`,
        run: () => send(gateway, 'GET', orders, identityHeaders),
      },
      {
        title: 'It publishes a package of another project',
        command: publication,
        run: () => publish(gateway),
      },
    ],
    commands: [view, publication, `${curl} --request DELETE ${gateway.url}${orders}`],
  };
}

async function send(
  { url, token }: DemoGateway,
  method: string,
  path: string,
  linesOf: (response: Response) => Promise<readonly string[]>,
  body?: object,
): Promise<DemoOutcome> {
  const response = await fetch(url + path, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      // The gateway drains open connections before it stops, so a kept-alive connection would delay the stop.
      Connection: 'close',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return { kind: 'done', lines: await linesOf(response) };
  const { error = '' } = (await response.json().catch(() => ({}))) as { readonly error?: string };
  // As npm prints it (npm-registry-fetch, HttpErrorGeneral).
  const words = `npm error ${response.status} ${response.statusText} - ${method} ${url}${path} - ${error}`;
  const requestId = response.headers.get('x-request-id') ?? undefined;
  return { kind: 'refused', lines: words.split('\n'), requestId };
}

function publish(gateway: DemoGateway): Promise<DemoOutcome> {
  const version = '1.0.0';
  const body = {
    _id: FOREIGN,
    name: FOREIGN,
    'dist-tags': { latest: version },
    versions: { [version]: { name: FOREIGN, version, dist: {} } },
    _attachments: {},
  };
  const done = (): Promise<readonly string[]> => Promise.resolve([`+ ${FOREIGN}@${version}`]);
  return send(gateway, 'PUT', `/npm/${FOREIGN.replace('/', '%2f')}`, done, body);
}

async function identityHeaders(response: Response): Promise<readonly string[]> {
  const { headers } = (await response.json()) as { readonly headers: Readonly<Record<string, string>> };
  return Object.entries(headers)
    .filter(([name]) => name.startsWith('x-auth-') || name === 'authorization')
    .map(([name, value]) => `${name}: ${value}`);
}
