/** What `suggest` prints, merged into the configuration, passes the checks, allows what was asked for, and nothing else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { build } from '../../src/app/build.ts';
import { readRecordedRequest, type RecordedRequest } from '../../src/app/tools.ts';
import { formatSuggestion } from '../../src/cli/suggest/suggestion-yaml.ts';
import { loadConfig, type Config } from '../../src/config/index.ts';
import type { Claims } from '../../src/core/credentials/credential.ts';
import { createEventLine } from '../../src/observability/audit/event-line.ts';
import { createAuthorizer } from '../../src/policy/index.ts';
import { sampleCredential, sampleEvent } from '../support/audit-events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SERVICES = {
  pkgs: { type: 'npm', scopes: ['read_package_registry', 'write_package_registry'] },
  orders: { type: 'http', scopes: ['read_api', 'write_api'] },
  files: { type: 'generic', scopes: ['read_package_registry', 'write_package_registry'] },
} as const;

const RESOURCES = {
  pkgs: ['left-pad', '@acme/web', '@acme/api'],
  orders: ['/v1/list', '/v1/a%20b', '/v1/x*y', '/v2/{claims.ref}'],
  files: ['acme/a.tgz', 'acme/b%20c.tgz', 'acme/*'],
} as const;

type ServiceName = keyof typeof SERVICES;
const NAMES = Object.keys(SERVICES) as ServiceName[];

const ALL_OPERATIONS = NAMES.flatMap((service) =>
  SERVICES[service].scopes.flatMap((scope) =>
    RESOURCES[service].map((resource) => ({ service, scope, resource })),
  ),
);
const ALL_CLAIMS = ['20', '21'].flatMap((project_id) =>
  ['main', 'dev'].flatMap((ref) =>
    [undefined, 'prod'].map((environment): Claims => ({
      project_id,
      project_path: `acme/p${project_id}`,
      ref,
      ref_type: 'branch',
      ...(environment !== undefined && { environment }),
    })),
  ),
);

const grant = fc.constantFrom(...NAMES).chain((service) =>
  fc.record({
    service: fc.constant(service),
    scopes: fc.subarray([...SERVICES[service].scopes], { minLength: 1 }),
    resources: fc.subarray([...RESOURCES[service].filter((name) => !/[%*{]/.test(name)), '**'], {
      minLength: 1,
      maxLength: 2,
    }),
  }),
);
const policy = fc.record({
  main: fc.array(grant, { minLength: 1, maxLength: 3 }),
  prod: fc.array(grant, { minLength: 1, maxLength: 2 }),
  mode: fc.constantFrom('enforce', 'shadow'),
});

/** A configuration as plain data, as an operator's YAML. */
function configuration({ main, prod, mode }: { main: unknown; prod: unknown; mode: string }) {
  return {
    version: 1,
    server: { publicUrl: 'https://gateway.example.com' },
    issuers: { gitlab: { type: 'gitlab', issuer: 'https://gitlab.example.com' } },
    identities: {
      main: { issuer: 'gitlab', match: { project_id: '20', ref: 'main', ref_type: 'branch' }, grants: main },
      prod: { issuer: 'gitlab', match: { project_id: '21', environment: 'prod' }, grants: prod },
    } as Record<string, { grants: unknown[] }>,
    services: Object.fromEntries(
      NAMES.map((name) => [
        name,
        { type: SERVICES[name].type, path: `/${name}/`, mode, upstream: { url: 'http://127.0.0.1:1/' } },
      ]),
    ),
  };
}

const folder = temporaryFolder('suggest');
afterAll(() => folder.close());

function load(data: unknown): Config {
  const file = join(folder.path, 'gatehouse.yaml');
  writeFileSync(file, stringify(data));
  const loaded = loadConfig(file, {});
  expect(loaded.kind === 'invalid' ? loaded.problems : []).toEqual([]);
  if (loaded.kind === 'invalid') throw new TypeError('the configuration is invalid');
  return loaded.config;
}

interface Asked {
  readonly claims: Claims;
  readonly operation: (typeof ALL_OPERATIONS)[number];
}

/** The audit event of a request, as the gateway writes and the tools read it. */
function record(config: Config, { claims, operation: { service, scope, resource } }: Asked): RecordedRequest {
  const authorizer = createAuthorizer(config);
  const credential = sampleCredential({ issuer: 'gitlab', claims });
  const operations = [{ scope, resource, extent: 'one' as const }];
  const decision = authorizer.forService(service)(credential, operations);
  const line = createEventLine(new Map([['gitlab', 'gitlab']]), { names: authorizer.claimsUsed })(
    sampleEvent({
      method: scope.startsWith('read') ? 'GET' : 'POST',
      host: 'gateway.example.com',
      path: `/${service}${resource.startsWith('/') ? '' : '/'}${resource.replaceAll(/[{}]/g, encodeURIComponent)}`,
      service,
      serviceType: SERVICES[service].type,
      operations,
      verified: credential,
      caller: undefined,
      decision,
      reason:
        decision.kind === 'allow' ? (decision.basis === 'grant' ? 'granted' : 'shadow') : decision.reason,
    }),
  );
  const read = readRecordedRequest(JSON.parse(line));
  if (read.kind !== 'recorded') throw new TypeError('the event is not readable');
  return read;
}

test('merged: passes the checks, allows the covered requests, and grants nothing else', async () => {
  const asked = fc.array(
    fc.record({
      claims: fc.constantFrom(...ALL_CLAIMS),
      operation: fc.constantFrom(...ALL_OPERATIONS),
    }),
    { minLength: 1, maxLength: 8 },
  );
  let [covered, added] = [0, 0];
  await fc.assert(
    fc.asyncProperty(policy, asked, async (settings, requests) => {
      const data = configuration(settings);
      const config = load(data);
      const events = requests.map((request) => record(config, request));
      const gateway = await build(config, { version: '0', inspect: true });
      const suggest = gateway.suggest(config);
      for (const event of events) suggest.add(event);
      const suggestion = suggest.finish();
      await gateway.stop();
      const yaml = formatSuggestion(suggestion, () => undefined);
      expect(yaml).not.toMatch(/[*]|anonymous/);

      const merged = structuredClone(data);
      const additions = (parse(yaml) ?? {}) as { identities?: Record<string, { grants: unknown[] }> };
      for (const [name, identity] of Object.entries(additions.identities ?? {})) {
        const known = merged.identities[name];
        if (known === undefined) merged.identities[name] = identity;
        else known.grants = [...known.grants, ...identity.grants];
      }
      const changed = load(merged);
      const after = await build(changed, { version: '0', inspect: true });
      const replay = after.replay(config);
      const results = events.map(replay);
      await after.stop();
      const flips = results.filter((result) => result.kind === 'flip');
      expect(flips.every(({ to }) => to === 'allow')).toBe(true);
      expect({ flips: flips.length, results }).toMatchObject({ flips: suggestion.covered });
      covered += suggestion.covered;
      added += suggestion.identities.length;

      const [before, now] = [createAuthorizer(config), createAuthorizer(changed)];
      const identityOf = (claims: Claims): string | undefined => {
        const caller = before.identify(sampleCredential({ issuer: 'gitlab', claims }));
        return 'identity' in caller ? caller.identity : undefined;
      };
      /** Grants of an identity apply to all its credentials; conditions cannot require that a claim is missing. */
      const wanted = (claims: Claims, operation: Asked['operation']): boolean =>
        requests.some(
          (request) =>
            request.operation === operation &&
            identityOf(request.claims) === identityOf(claims) &&
            (identityOf(claims) !== undefined ||
              Object.entries(request.claims).every(([claim, value]) => claims[claim] === value)),
        );
      for (const claims of ALL_CLAIMS) {
        for (const operation of ALL_OPERATIONS) {
          const { service, scope, resource } = operation;
          const allows = (authorizer: typeof now): boolean => {
            const decision = authorizer.forService(service)(sampleCredential({ issuer: 'gitlab', claims }), [
              { scope, resource, extent: 'one' },
            ]);
            return decision.kind === 'allow' && decision.basis === 'grant';
          };
          if (allows(now) && !allows(before)) expect(wanted(claims, operation)).toBe(true);
          if (allows(before)) expect(allows(now)).toBe(true);
        }
      }
    }),
    { numRuns: 80 },
  );
  expect(covered).toBeGreaterThan(60);
  expect(added).toBeGreaterThan(20);
});
