import { request, USER_AGENT, type Case, type Scenario } from '../scenario.ts';
import { HOSTILE_HEADERS, HOSTILE_REQUESTS } from '../tables/heads.ts';
import { HOSTILE_TARGETS } from '../tables/paths.ts';
import { place } from '../tables/sources.ts';
import type { World } from '../world/world.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from './policy.ts';

/** The connection may stay open: silence ends the case. */
const QUIET = 250;

const TARGETS: Readonly<Record<string, string>> = {
  http: '/http/v1/orders/1',
  generic: '/generic/acme/a.tgz',
  oci: '/v2/acme/api/manifests/latest',
};

/** Heads, targets and framing that two servers read differently. */
export const HOSTILE: Scenario = {
  name: 'hostile requests',
  configuration(world) {
    const upstream = { url: `${world.upstream.url}/base/` };
    const grants: Grant[] = [
      { service: 'http', scopes: ['read_api', 'write_api'], resources: ['/**'] },
      { service: 'generic', scopes: ['read_package_registry', 'write_package_registry'], resources: ['**'] },
      { service: 'oci', scopes: ['read_registry', 'write_registry'], resources: ['**'] },
    ];
    return {
      server: WITHOUT_LIMITS,
      issuers: issuers(world),
      ...policy(grants, grants),
      services: {
        http: { type: 'http', path: '/http/', upstream },
        generic: { type: 'generic', path: '/generic/', upstream },
        oci: { type: 'oci', upstream },
      },
    };
  },
  *cases(world) {
    const { headers } = place(world.credential('payments'));
    for (const [type, target] of Object.entries(TARGETS)) {
      for (const [name, lines] of Object.entries(HOSTILE_HEADERS)) {
        for (const method of ['GET', 'PUT']) {
          yield {
            id: `${type}: head, ${name}, ${method}`,
            bytes: withLines({ method, target, headers }, lines),
            quiet: QUIET,
          };
        }
      }
    }
    for (const target of HOSTILE_TARGETS) {
      yield { id: `target ${target.slice(0, 80)}`, bytes: request({ target, headers }) };
    }
    yield* wholeRequests(world);
  },
};

/** A line with `-` removes a header, one with `+` is the body. */
function withLines(
  parts: { readonly method: string; readonly target: string; readonly headers: readonly string[] },
  lines: readonly string[],
): string {
  const added = lines.filter((line) => !/^[-+]/.test(line));
  let bytes = request({ ...parts, headers: [...parts.headers, ...added] });
  for (const line of lines) {
    if (line.startsWith('-')) bytes = bytes.replace(new RegExp(`\r\n${line.slice(1)}: [^\r]*`), '');
    if (line.startsWith('+')) bytes += line.slice(1);
  }
  return bytes;
}

function* wholeRequests(world: World): Generator<Case> {
  const [authorization = ''] = place(world.credential('payments')).headers;
  for (const [name, text] of Object.entries(HOSTILE_REQUESTS)) {
    const bytes = text
      .replaceAll('TARGET', TARGETS['http'] ?? '')
      .replaceAll('AUTHORIZATION', authorization)
      .replaceAll('\nUA', `\n${USER_AGENT}`);
    yield { id: `request, ${name}`, bytes, quiet: QUIET };
  }
}
