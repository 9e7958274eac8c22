import type { Authenticator } from './authenticate/index.ts';
import type { Authorizer } from './authorize/index.ts';
import type { Config } from './config/index.ts';
import type { PresentedCredential } from './contract/credential.ts';
import type { Caller, Deny } from './contract/decision.ts';
import type { Keyring } from './contract/keyring.ts';
import { serviceAudience } from './contract/minted-token.ts';
import type { Clock, Log } from './contract/ports.ts';
import type { Revocations } from './contract/revocation.ts';
import type { Store } from './contract/store.ts';
import {
  createJwksEndpoint,
  createMeEndpoint,
  createMetadataEndpoint,
  createRevokeEndpoint,
  createTokenEndpoint,
  createWorkloadEndpoint,
  EXCHANGE_PATH,
  JWKS_PATH,
  ME_PATH,
  METADATA_PATH,
  REVOKE_PATH,
  TOKEN_PATH,
  type GiveOutPorts,
  type Mint,
  type Target,
} from './exchange/index.ts';
import { createExtract, createPresent, type PresentSettings } from './extract/index.ts';
import { refuseRevoked, type Admit, type EndpointLine } from './pipeline/index.ts';

export interface EndpointRooms {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly revocations: Revocations;
  readonly admit: Admit;
  readonly mint: Mint;
  readonly keyring: Keyring;
  readonly store: Pick<Store, 'claim'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The endpoints of the gateway's own that belong to no service. */
export function createOwnEndpoints(config: Config, rooms: EndpointRooms): readonly EndpointLine[] {
  const { authorizer, authenticator, keyring, log } = rooms;
  const { publicUrl } = config.server;
  const settings = presentSettings(config);
  const present = presentFromBody(settings);
  const identify: Authorizer['identify'] = (credential) => authorizer.identify(credential);
  const common = { ...giveOutPorts(config, rooms), present, log };
  const endpoints = {
    [JWKS_PATH]: createJwksEndpoint(keyring, log),
    [METADATA_PATH]: createMetadataEndpoint(publicUrl, log),
    [EXCHANGE_PATH]: createWorkloadEndpoint({
      ...common,
      publicUrl,
      workloads: workloadsOf(config, rooms),
      admit: admitBy(rooms, authenticator.forAudiences(audiencesOfWorkloads(config))),
      identifyAs: (identity, credential) => authorizer.identifyAs(identity, credential),
      scopesOf: (caller) => scopesOf(authorizer, caller),
    }),
    [ME_PATH]: createMeEndpoint({
      ...common,
      extract: createExtract({ ...settings, carriers: IN_HEADERS, queryParameters: [] }),
      admit: admitBy(rooms, authenticator.verify),
      identify,
      grantsOf: (caller) => authorizer.grantsOf(caller),
    }),
    [TOKEN_PATH]: createTokenEndpoint({
      ...common,
      all: allServices(config, rooms),
      targets: targetsOf(config, rooms),
      extract: createExtract({ ...settings, carriers: ['basic'], queryParameters: [] }),
      identify,
      scopesOf: (caller, service) => scopesOf(authorizer, caller, service),
    }),
    [REVOKE_PATH]: createRevokeEndpoint({
      ...common,
      admit: admitBy(rooms, authenticator.own),
      revocations: rooms.revocations,
    }),
  };
  return Object.entries(endpoints).map(([endpointPath, handle]) => ({ endpointPath, handle }));
}

const IN_HEADERS = [
  'bearer',
  'basic',
  'raw-authorization',
  'job-token',
  'deploy-token',
  'private-token',
] as const;

export function presentSettings({ deployTokens, issuers, server }: Config): PresentSettings {
  return {
    deployUsernames: new Set(deployTokens.map(({ username }) => username)),
    gitlabDeployTokens: issuers.some((issuer) => issuer.deployTokens !== undefined),
    publicUrl: server.publicUrl,
  };
}

/** A token that is a parameter of a request. */
export function presentFromBody(
  settings: PresentSettings,
): (token: string, username?: string) => PresentedCredential | Deny {
  const present = createPresent(settings);
  return (token, username) => present({ carrier: 'form', token, username, isJobToken: false });
}

/** What every endpoint needs that gives tokens out. */
export function giveOutPorts(
  { issuers }: Config,
  { revocations, mint, store, clock }: EndpointRooms,
): GiveOutPorts {
  return {
    refuseRevoked: (credential, caller) => refuseRevoked(revocations, credential, caller),
    mint,
    store,
    clock,
    once: new Set(issuers.flatMap(({ name, replay }) => (replay === 'once' ? [name] : []))),
  };
}

export function admitBy(
  { admit }: Pick<EndpointRooms, 'admit'>,
  verify: Parameters<Admit>[0],
): Target['admit'] {
  return (presented, from) => admit(verify, presented, from);
}

function scopesOf(authorizer: Authorizer, caller: Caller, service?: string): string[] {
  const grants = authorizer
    .grantsOf(caller)
    .filter((grant) => service === undefined || grant.service === service);
  return [...new Set(grants.flatMap(({ scopes }) => scopes))].toSorted();
}

function workloadsOf({ workloadIdentities }: Config, { authenticator }: EndpointRooms) {
  return new Map(
    workloadIdentities.map(({ name, identity, issuer, audiences }) => [
      name,
      { identity, verify: authenticator.forAudiences(new Map([[issuer, audiences]])) },
    ]),
  );
}

/** By issuer, all audiences that some workload identity has. */
function audiencesOfWorkloads({ workloadIdentities }: Config): ReadonlyMap<string, readonly string[]> {
  const byIssuer = Map.groupBy(workloadIdentities, ({ issuer }) => issuer);
  return new Map([...byIssuer].map(([issuer, all]) => [issuer, all.flatMap(({ audiences }) => audiences)]));
}

function allServices({ server }: Config, rooms: EndpointRooms): Target {
  return {
    audience: server.publicUrl,
    service: undefined,
    admit: admitBy(rooms, rooms.authenticator.verify),
  };
}

/** By every name for it: the service's, `urn:gatehouse:service:NAME`, the URLs that clients find it at. */
function targetsOf(config: Config, rooms: EndpointRooms): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>();
  for (const service of config.services) {
    const { name } = service;
    const audience = serviceAudience(name);
    const admit = admitBy(rooms, rooms.authenticator.forService(name));
    const target = { audience, service: name, admit };
    for (const known of [name, audience, ...publicUrlsOf(service, config.server.publicUrl)]) {
      targets.set(known, target);
    }
  }
  const all = allServices(config, rooms);
  // What names the gateway itself names all of it.
  for (const known of withAndWithoutSlash(config.server.publicUrl)) targets.set(known, all);
  return targets;
}

function publicUrlsOf({ type, hosts, path }: Config['services'][number], publicUrl: string): string[] {
  const { protocol, origin } = new URL(publicUrl);
  const origins = hosts === undefined ? [origin] : hosts.map((host) => `${protocol}//${host}`);
  // People know a registry by its host; its path is fixed.
  const paths = type === 'oci' && path === '/v2/' && hosts !== undefined ? [path, '/'] : [path];
  return origins.flatMap((base) => paths.flatMap((each) => withAndWithoutSlash(`${base}${each}`)));
}

function withAndWithoutSlash(url: string): string[] {
  const bare = url.replace(/\/$/, '');
  return [bare, `${bare}/`];
}
