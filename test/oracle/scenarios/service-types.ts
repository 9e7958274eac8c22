import { hash } from 'node:crypto';
import { request, type Case, type Scenario } from '../scenario.ts';
import { HOSTILE_PATHS } from '../tables/paths.ts';
import { documentReply, upstreamResponses } from '../tables/responses.ts';
import type { Route, ServiceType } from '../tables/service-type.ts';
import { SERVICE_TYPES } from '../tables/service-types.ts';
import { place, SOURCES, type Placed } from '../tables/sources.ts';
import type { World } from '../world/world.ts';
import { CREDENTIALS } from './credential-names.ts';
import { issuers, policy, WITHOUT_LIMITS, type Grant } from './policy.ts';

/** Variants of each service; all but the first have a host of their own. */
const VARIANTS = {
  enforce: { hosts: undefined, settings: {} },
  shadow: { hosts: ['shadow.example.com'], settings: { mode: 'shadow' } },
  conceal: { hosts: ['conceal.example.com'], settings: { deny: 'conceal' } },
  open: { hosts: ['open.example.com'], settings: {} },
} as const;
type Variant = keyof typeof VARIANTS;
const VARIANT_NAMES = Object.keys(VARIANTS) as Variant[];

/** Every service type in four variants: routes, credentials, sources, paths and responses. */
export const SERVICE_TYPE_SCENARIOS: readonly Scenario[] = SERVICE_TYPES.map((serviceType) => ({
  name: `service type ${serviceType.type}`,
  configuration: (world) => configuration(world, serviceType),
  cases: (world) => casesOf(world, serviceType),
}));

function configuration(world: World, serviceType: ServiceType): object {
  const { read, write, resources } = serviceType;
  const grants = (scopes: readonly string[]): Grant[] =>
    VARIANT_NAMES.map((service) => ({ service, scopes, resources }));
  return {
    server: WITHOUT_LIMITS,
    issuers: issuers(world),
    ...policy(grants([...read, ...write]), grants(read)),
    services: Object.fromEntries(VARIANT_NAMES.map((name) => [name, service(world, serviceType, name)])),
  };
}

function service(
  world: World,
  { type, configuredPath, cannotConceal, read, resources }: ServiceType,
  name: Variant,
): object {
  const { hosts, settings } = VARIANTS[name];
  return {
    type,
    ...(configuredPath === undefined ? {} : { path: configuredPath }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(name === 'open' ? { anonymous: [{ scopes: read, resources }] } : {}),
    ...(name === 'conceal' && cannotConceal === true ? {} : settings),
    upstream: {
      url: `${world.upstream.url}/`,
      redirectOrigins: [world.storage.url],
      timeouts: { connect: '2s', headers: '5s', idle: '5s' },
      auth: { header: { name: 'X-Upstream-Key', value: 'upstream-key' } },
    },
  };
}

function* casesOf(world: World, serviceType: ServiceType): Generator<Case> {
  const ask = asker(world, serviceType);
  const { reads, writes, routes } = serviceType;
  for (const route of [reads, writes, ...routes]) {
    for (const credential of ['payments', 'reader', undefined]) yield ask(route, { credential });
    for (const credential of ['payments', 'stranger', undefined])
      yield ask(route, { credential, variant: 'shadow' });
    yield ask(route, { credential: 'reader', variant: 'conceal' });
    yield ask(route, { variant: 'open' });
  }
  for (const credential of CREDENTIALS) {
    for (const variant of ['enforce', 'shadow', 'open'] as const)
      yield ask(reads, { credential, variant, part: 'credential' });
    yield ask(writes, { credential, part: 'credential' });
    yield ask(writes, { credential, variant: 'conceal', part: 'credential' });
  }
  for (const [source, placeIn] of Object.entries(SOURCES)) {
    for (const credential of ['payments', 'running job', 'deploy token', 'gitlab deploy token']) {
      const placed = placeIn(world.credential(credential));
      yield ask(reads, { credential, placed, part: `source ${source}` });
    }
  }
  for (const path of HOSTILE_PATHS) {
    yield ask({ method: 'GET', path }, { credential: 'payments', part: 'path' });
    yield ask({ method: 'GET', path }, { credential: 'payments', variant: 'shadow', part: 'path' });
  }
  yield* responses(world, serviceType);
}

function* responses(world: World, serviceType: ServiceType): Generator<Case> {
  const ask = asker(world, serviceType);
  const { reads, document, path } = serviceType;
  const addresses = { upstream: world.upstream.url, storage: world.storage.url, service: path.slice(0, -1) };
  for (const [name, reply] of Object.entries(upstreamResponses(addresses))) {
    yield { ...ask(reads, { credential: 'payments', part: `response ${name}` }), reply };
    yield { ...ask(document.route, { credential: 'payments', part: `document, response ${name}` }), reply };
  }
  const text = document.body.replaceAll('UPSTREAM', world.upstream.url);
  const documents = {
    rewritten: documentReply(document.type, text),
    'with an entity tag': documentReply(document.type, text, 'ETag: "v1"'),
    'with a weak entity tag': documentReply(document.type, text, 'ETag: W/"v1"'),
    'of another type': documentReply('application/octet-stream', text),
    encoded: documentReply(document.type, text, 'Content-Encoding: gzip'),
    'with foreign addresses': documentReply(
      document.type,
      text.replaceAll(world.upstream.url, 'https://elsewhere.example.com'),
    ),
    'that cannot be read': documentReply(document.type, '{"'),
  };
  for (const [name, reply] of Object.entries(documents)) {
    const plain = ask(document.route, { credential: 'payments', part: `document ${name}` });
    yield { ...plain, reply };
    const conditional = {
      ...document.route,
      headers: [...(document.route.headers ?? []), 'If-None-Match: "x"', 'Accept-Encoding: gzip'],
    };
    yield { ...ask(conditional, { credential: 'payments', part: `document ${name}, conditional` }), reply };
  }
}

interface RequestedOperations {
  readonly credential?: string | undefined;
  readonly variant?: Variant;
  readonly placed?: Placed;
  /** Of the id, where more than route, credential and variant tell cases apart. */
  readonly part?: string;
}

function asker(
  world: World,
  { path, writes }: ServiceType,
): (route: Route, asked: RequestedOperations) => Case {
  return ({ method, path: rest, headers = [], body }, { credential, variant = 'enforce', placed, part }) => {
    const where = placed ?? place(credential === undefined ? undefined : world.credential(credential));
    const hosts = VARIANTS[variant].hosts;
    // A credential in the query comes before or behind what is there.
    const query = rest.includes('?') ? where.query.replace('?', '&') : where.query;
    const shown = `${method} ${rest}${describe(body, headers)}`;
    const extra = part === undefined ? '' : `${part}: `;
    const id = `${extra}${shown} as ${credential ?? 'anonymous'}, ${variant}`;
    const ofWrite = rest === writes.path && method === writes.method ? writes.headers : undefined;
    return {
      id: id.replaceAll(/[^\x20-\x7e]/g, '?'),
      bytes: request({
        method,
        target: `${path}${rest}${query}`,
        ...(hosts === undefined ? {} : { host: hosts[0] }),
        headers: [...(ofWrite ?? headers), ...where.headers],
        ...(body === undefined ? {} : { body }),
      }),
    };
  };
}

/** Tells requests apart that differ in body or headers only. */
function describe(body: string | undefined, headers: readonly string[]): string {
  if (body === undefined && headers.length === 0) return '';
  const text = [...headers, '', body ?? ''].join('\n');
  return ` (${body?.length ?? 0} bytes, ${hash('sha256', text).slice(0, 6)})`;
}
