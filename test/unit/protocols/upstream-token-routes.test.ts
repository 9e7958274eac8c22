import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { indexTokenRoutes } from '../../../src/protocols/token-routes/route-index.ts';
import { TOKEN_ROUTES } from '../../../src/protocols/token-routes/routes.ts';

const ON_HTTP = {
  never: 'refused',
  get: 'refused for GET and HEAD',
  write: 'refused except for GET and HEAD',
  policy: 'left to `operations`',
} as const;

test('docs/guides/upstream-credentials.md lists every route, with its server and the rule on http', () => {
  const text = readFileSync(
    join(import.meta.dirname, '../../../docs/guides/upstream-credentials.md'),
    'utf8',
  );
  const section = text.slice(text.indexOf('## Routes that issue')).split('\n## ')[0] ?? '';
  const documented = [...section.matchAll(/^\| (.+?) +\| (`.+?) +\| (.+?) +\|$/gm)].flatMap(
    ([, server, routes = '', http]) => routes.split(', ').map((route) => [server, route, http]),
  );
  expect(documented).toEqual(
    TOKEN_ROUTES.map(({ route, server, http }) => [server, `\`${route}\``, ON_HTTP[http]]),
  );
});

test.each(TOKEN_ROUTES)('$route is found, below a context path too', (entry) => {
  const { route } = entry;
  const find = indexTokenRoutes([entry]);
  const path = `/${route.replace('/**', '').replaceAll('*', 'x')}`;
  expect(find(path)?.route).toBe(route);
  expect(find(`/context${path}/`)?.route).toBe(route);
  expect(find(`${path}/x`) === undefined).toBe(!route.endsWith('/**'));
  expect(find(`/${path.slice(2)}`)).toBeUndefined();
});

test.each([
  ['a route of one segment, in the middle', '/root/+login/x'],
  ['a shorter path', '/-/user'.slice(0, 2)],
  ['nothing', '/'],
  ['a deep path of Nexus', '/repository/maven/service/rest/internal'],
])('%s does not match', (_case, path) => {
  expect(indexTokenRoutes(TOKEN_ROUTES)(path)).toBeUndefined();
});
