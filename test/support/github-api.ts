import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, jwtVerify } from 'jose';
import type { Clock } from '../../src/core/ports.ts';
import { readInstallationRequest, type GithubRepository } from './github-narrowing.ts';

/** An installation token and its limits. */
export interface IssuedInstallationToken {
  readonly token: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly repositories: readonly GithubRepository[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface GithubCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The next response, instead of the documented one. */
export interface GithubFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface GithubApi {
  readonly url: string;
  readonly appId: number;
  readonly installationId: number;
  /** Private key of the app, PKCS#1 as GitHub generates it, and PKCS#8; the key of another app. */
  readonly pem: { readonly pkcs1: string; readonly pkcs8: string; readonly other: string };
  readonly calls: readonly GithubCall[];
  readonly issued: readonly IssuedInstallationToken[];
  /** The valid token of this Authorization header: `Bearer TOKEN`, or Basic with the user name x-access-token. */
  tokenOf(authorization: string | undefined): IssuedInstallationToken | undefined;
  /** Requests that the rate limit leaves. Default: 5,000 per hour. */
  remaining: number;
  /** Active until it is set to undefined. */
  fault: GithubFault | undefined;
  /** A promise that delays each response. */
  hold: Promise<void> | undefined;
  /** The token ends before its expiry. */
  revoke(token: string): void;
  reset(): void;
  close(): Promise<void>;
}

const HOUR = 3_600_000;
const APP_ID = 4711;
const INSTALLATION_ID = 7;
const OWNER = 'acme';
const REPOSITORIES: readonly GithubRepository[] = [
  { id: 20, fullName: 'acme/payments' },
  { id: 21, fullName: 'acme/web' },
  { id: 22, fullName: 'acme/Docs' },
];
const PERMISSIONS = { contents: 'write', issues: 'read', metadata: 'read' };
const INSTALLATION = {
  id: INSTALLATION_ID,
  app_id: APP_ID,
  account: { login: OWNER },
  repository_selection: 'selected',
  permissions: PERMISSIONS,
};

/**
 * Stand-in for GitHub's REST API, from its documentation (docs.github.com/rest, API version 2022-11-28; "Rate limits for the
 * REST API"): the endpoints of a GitHub App, and `GET /repos/OWNER/NAME` with an installation token.
 */
export async function startGithubApi(clock: Clock = { now: Date.now }): Promise<GithubApi> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const calls: GithubCall[] = [];
  const issued: IssuedInstallationToken[] = [];
  const revoked = new Set<string>();
  const server = createServer((req, res) => {
    void readBody(req).then(async (body) => {
      const { method = '', url: path = '', headers } = req;
      calls.push({ method, path, headers, body });
      await api.hold;
      api.remaining -= 1;
      const limit = {
        date: new Date(clock.now()).toUTCString(),
        'content-type': 'application/json; charset=utf-8',
        'x-ratelimit-limit': '5000',
        'x-ratelimit-remaining': String(Math.max(api.remaining, 0)),
        'x-ratelimit-reset': String(Math.floor((clock.now() + HOUR / 2) / 1000)),
        'x-ratelimit-resource': 'core',
      };
      const {
        status,
        headers: more,
        body: answer = {},
      } = api.fault ?? (await respond({ method, path, headers, body }));
      res.writeHead(status, { ...limit, ...more });
      res.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function respond(call: GithubCall): Promise<GithubFault> {
    const { method, path, headers, body } = call;
    if (headers['user-agent'] === undefined)
      return {
        status: 403,
        body: 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
      };
    if (api.remaining < 0)
      return {
        status: 403,
        body: { message: `API rate limit exceeded for installation ID ${INSTALLATION_ID}.` },
      };
    const repository = /^\/repos\/([^/]+\/[^/]+)$/.exec(path)?.[1];
    if (repository !== undefined) return readRepository(headers.authorization, repository);
    const problem = await jwtProblem(headers.authorization);
    if (problem !== undefined) return { status: 401, body: { message: problem } };
    const found = /^\/repos\/([^/]+\/[^/]+)\/installation$/.exec(path)?.[1];
    if (method === 'GET' && found !== undefined)
      return named(found) === undefined ? NOT_FOUND : { status: 200, body: INSTALLATION };
    if (method === 'GET' && path === `/app/installations/${INSTALLATION_ID}`)
      return { status: 200, body: INSTALLATION };
    if (method === 'POST' && path === `/app/installations/${INSTALLATION_ID}/access_tokens`)
      return issue(body);
    return NOT_FOUND;
  }

  function readRepository(authorization: string | undefined, name: string): GithubFault {
    const token = api.tokenOf(authorization);
    if (token === undefined) return { status: 401, body: { message: 'Bad credentials' } };
    const repository = token.repositories.find(
      ({ fullName }) => fullName.toLowerCase() === name.toLowerCase(),
    );
    return repository === undefined
      ? NOT_FOUND
      : { status: 200, body: { id: repository.id, full_name: repository.fullName, private: true } };
  }

  async function jwtProblem(authorization = ''): Promise<string | undefined> {
    const token = authorization.replace(/^Bearer /, '');
    const currentDate = new Date(clock.now());
    try {
      await jwtVerify(token, publicKey, { algorithms: ['RS256'], currentDate, clockTolerance: 0 });
    } catch {
      return 'A JSON web token could not be decoded';
    }
    const {
      iss,
      iat = Infinity,
      exp = Infinity,
    } = decodeJwt(token) as { iss?: unknown; iat?: number; exp?: number };
    const now = clock.now() / 1000;
    if (Number(iss) !== APP_ID) return "'Issuer' claim ('iss') must be an Integer";
    if (iat > now)
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    return exp > now + 600 ? "'Expiration time' claim ('exp') is too far in the future" : undefined;
  }

  function issue(body: string): GithubFault {
    const request = readInstallationRequest(body, { repositories: REPOSITORIES, permissions: PERMISSIONS });
    if (request.kind === 'refused') return { status: 422, body: { message: request.message } };
    const { permissions, repositories } = request;
    // The form since 2026-04-27: an opaque text of about 520 characters.
    const token = `ghs_${APP_ID}_eyJ${randomBytes(120).toString('base64url')}.${randomBytes(180).toString('base64url')}.${randomBytes(75).toString('base64url')}`;
    const expiresAt = Math.floor((clock.now() + HOUR) / 1000) * 1000;
    issued.push({ token, permissions, repositories: repositories ?? REPOSITORIES, expiresAt });
    return {
      status: 201,
      body: {
        token,
        expires_at: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
        permissions,
        repository_selection: repositories === undefined ? 'all' : 'selected',
        ...(repositories && {
          repositories: repositories.map(({ id, fullName }) => ({
            id,
            name: fullName.slice(fullName.indexOf('/') + 1),
            full_name: fullName,
            // A repository has about 6 KiB.
            description: 'x'.repeat(6_000),
          })),
        }),
      },
    };
  }

  const named = (name: string): GithubRepository | undefined =>
    REPOSITORIES.find(({ fullName }) => fullName.toLowerCase() === name.toLowerCase());

  const api: GithubApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    appId: APP_ID,
    installationId: INSTALLATION_ID,
    pem: {
      pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      other: generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }).privateKey,
    },
    calls,
    issued,
    tokenOf(authorization = '') {
      const basic = /^Basic (.+)$/.exec(authorization)?.[1];
      const text = basic === undefined ? authorization : Buffer.from(basic, 'base64').toString();
      const token = /^(?:Bearer |x-access-token:)(.+)$/.exec(text)?.[1];
      return issued.find(
        (known) => known.token === token && known.expiresAt > clock.now() && !revoked.has(known.token),
      );
    },
    remaining: 5_000,
    fault: undefined,
    hold: undefined,
    revoke: (token) => void revoked.add(token),
    reset() {
      calls.length = 0;
      issued.length = 0;
      Object.assign(api, { remaining: 5_000, fault: undefined, hold: undefined });
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return api;
}

const NOT_FOUND: GithubFault = { status: 404, body: { message: 'Not Found', status: '404' } };

async function readBody(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += String(chunk);
  return body;
}
