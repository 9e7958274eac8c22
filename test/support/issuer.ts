import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IssuerType } from '../../src/core/issuers/issuer-presets.ts';
import type { Clock } from '../../src/core/ports.ts';
import { freePort } from './free-port.ts';
import { TENANT, defaultClaims } from './issuer-claims.ts';
import { generateKey, signCompact } from './issuer-keys.ts';
import type { Part, SigningAlgorithm, SigningKey } from './issuer-keys.ts';

export interface IssuerOptions {
  /** Shape of the claims and of the paths. Default: gitlab. */
  readonly type?: IssuerType;
  readonly alg?: SigningAlgorithm;
  /** `aud` of the tokens without an `aud` in `mint`. Default: https://gateway.example.com */
  readonly audience?: string;
  /** `iss` of tokens and discovery, if it differs from the address of this server. */
  readonly issuer?: string;
  /** Times of tokens are counted from here. */
  readonly clock?: Clock;
  /** Handles requests other than discovery and keys. Default: 404. */
  readonly others?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** The failure of an endpoint. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'body'; readonly body: string }
  | { readonly kind: 'huge'; readonly bytes: number }
  | { readonly kind: 'hang' }
  /** Closes the connection. */
  | { readonly kind: 'drop' }
  /** Responds normally once `until` resolves. */
  | { readonly kind: 'wait'; readonly until: Promise<void> };

type Claims = Readonly<Record<string, unknown>>;

export interface MintOptions {
  /** Default: the current key of the issuer. */
  readonly key?: SigningKey;
  readonly header?: Claims;
  /** Seconds. Default 300. */
  readonly lifetime?: number;
}

export interface TestIssuer {
  readonly type: IssuerType;
  /** `iss`. */
  readonly url: string;
  readonly jwksUri: string;
  /** The key that `mint` signs with. */
  readonly key: SigningKey;
  /** Requests so far; `headers` are from the last one. */
  readonly requests: { discovery: number; jwks: number; other: number; headers: IncomingMessage['headers'] };
  /** Active failures by endpoint. */
  readonly faults: { discovery?: Fault | undefined; jwks?: Fault | undefined };
  /** Members that override the discovery document. */
  readonly discovery: Record<string, unknown>;
  /** The published key set, mutable. */
  readonly published: unknown[];
  /** A token with the claims of this issuer type. Claims with the value undefined are omitted. */
  mint(claims?: Claims, options?: MintOptions): string;
  /** A token with exactly these parts, valid or not. */
  mintUnsafe(header: Part, payload: Part, key?: SigningKey): string;
  /** Signs with a new key from now on. With `keepOld`, the old key stays published. */
  rotate(options?: { readonly kid?: string; readonly keepOld?: boolean }): SigningKey;
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export const AUDIENCE = 'https://gateway.example.com';

/** An issuer of ID tokens on a loopback port, with discovery and key set. */
export async function startIssuer(options: IssuerOptions = {}): Promise<TestIssuer> {
  const { type = 'gitlab', alg = 'RS256', audience = AUDIENCE } = options;
  const clock = options.clock ?? { now: () => Date.now() };
  const paths = PATHS[type];
  let serial = 1;
  let key = generateKey(`key-${serial}`, alg);
  const publishable = (jwk: object): unknown => (type === 'spiffe' ? { ...jwk, use: 'jwt-svid' } : jwk);
  const published: unknown[] = [publishable(key.jwk)];
  const faults: TestIssuer['faults'] = {};
  const discovery: Record<string, unknown> = {};
  const requests: TestIssuer['requests'] = { discovery: 0, jwks: 0, other: 0, headers: {} };

  const server = createServer((request, response) => {
    requests.headers = request.headers;
    const path = request.url ?? '';
    if (path === paths.jwks) {
      requests.jwks += 1;
      void answer(response, { keys: published }, faults.jwks);
    } else if (path === `${paths.base}/.well-known/openid-configuration`) {
      requests.discovery += 1;
      void answer(response, { issuer: url, jwks_uri: jwksUri, ...discovery }, faults.discovery);
    } else {
      requests.other += 1;
      if (options.others === undefined) response.writeHead(404).end();
      else options.others(request, response);
    }
  });
  // Not port 0: between `down` and `up`, the kernel could give the port to another process.
  const port = await freePort();
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  await listen();
  const origin = `http://127.0.0.1:${port}`;
  const url = options.issuer ?? (type === 'spiffe' ? 'spiffe://example.org' : `${origin}${paths.base}`);
  const jwksUri = `${origin}${paths.jwks}`;

  return {
    type,
    url,
    jwksUri,
    get key() {
      return key;
    },
    requests,
    faults,
    discovery,
    published,
    mint(claims = {}, { key: signer = key, header = {}, lifetime = 300 } = {}) {
      const now = Math.floor(clock.now() / 1000);
      const times = { iat: now, nbf: now - 5, exp: now + lifetime };
      const payload = { iss: url, aud: audience, ...times, ...defaultClaims(type), ...claims };
      return signCompact({ alg: signer.alg, typ: 'JWT', kid: signer.kid, ...header }, payload, signer);
    },
    mintUnsafe: (header, payload, signer = key) => signCompact(header, payload, signer),
    rotate({ kid, keepOld = false } = {}) {
      serial += 1;
      key = generateKey(kid ?? `key-${serial}`, alg);
      if (!keepOld) published.length = 0;
      published.unshift(publishable(key.jwk));
      return key;
    },
    down: close,
    up: listen,
    close,
  };
}

const PATHS: Readonly<Record<IssuerType, { readonly base: string; readonly jwks: string }>> = {
  gitlab: { base: '', jwks: '/oauth/discovery/keys' },
  github: { base: '', jwks: '/.well-known/jwks' },
  kubernetes: { base: '', jwks: '/openid/v1/jwks' },
  entra: { base: `/${TENANT}/v2.0`, jwks: `/${TENANT}/discovery/v2.0/keys` },
  aws: { base: '', jwks: '/.well-known/jwks.json' },
  'azure-devops': { base: '', jwks: '/.well-known/jwks' },
  bitbucket: { base: '', jwks: '/keys.json' },
  buildkite: { base: '', jwks: '/.well-known/jwks' },
  circleci: { base: '', jwks: '/.well-known/jwks-pub.json' },
  google: { base: '', jwks: '/oauth2/v3/certs' },
  'hcp-terraform': { base: '', jwks: '/.well-known/jwks' },
  spiffe: { base: '', jwks: '/bundle' },
  oidc: { base: '', jwks: '/jwks' },
};

async function answer(response: ServerResponse, document: unknown, fault: Fault | undefined): Promise<void> {
  if (fault !== undefined && (await misbehave(response, fault)) === 'done') return;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
}

/** `done`: the response is complete. */
export async function misbehave(response: ServerResponse, fault: Fault): Promise<'done' | 'go on'> {
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status).end();
      return 'done';
    case 'redirect':
      response.writeHead(302, { location: fault.to }).end();
      return 'done';
    case 'body':
      response.writeHead(200).end(fault.body);
      return 'done';
    case 'huge':
      response.writeHead(200).end(Buffer.alloc(fault.bytes, 0x20));
      return 'done';
    case 'hang':
      return 'done';
    case 'drop':
      response.destroy();
      return 'done';
    case 'wait':
      await fault.until;
      return 'go on';
    default:
      return fault satisfies never;
  }
}
