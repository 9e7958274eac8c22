import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../src/config/index.ts';
import {
  createAuthenticator,
  type AuthenticatePorts,
  type Authenticator,
} from '../../src/credentials/index.ts';
import type { Log } from '../../src/core/ports.ts';
import { createTelemetry, type Telemetry } from '../../src/observability/index.ts';
import { createAuthorizer, type Authorizer } from '../../src/policy/index.ts';
import { defaultClaims } from '../../test/support/issuer-claims.ts';
import { generateKey, signCompact } from '../../test/support/issuer-keys.ts';

/** The objects that a gateway makes of the configuration below. */
export interface StageBed {
  readonly config: Config;
  readonly token: string;
  /** Signs another token, with a `jti` of its own. */
  readonly mint: () => string;
  readonly authenticator: Authenticator;
  /** Of `authenticator`. */
  readonly ports: AuthenticatePorts;
  readonly authorizer: Authorizer;
  readonly telemetry: Telemetry;
}

export const AUDIENCE = 'https://gateway.example.com';
const ISSUER = 'https://gitlab.example.com';
const UPSTREAM = 'http://127.0.0.1:8080/';

const CONFIGURATION = `version: 1
server: { listen: 127.0.0.1:8080, publicUrl: ${AUDIENCE} }
issuers:
  gitlab: { type: gitlab, issuer: ${ISSUER}, audiences: [${AUDIENCE}], jwksFile: jwks.json }
identities:
  payments-release:
    issuer: gitlab
    match:
      project_id: "20"
      ref: { in: [main, next] }
      ref_protected: "true"
    roles: [orders-client]
roles:
  orders-client:
    - { service: orders, scopes: [read_api], resources: ["/v1/**"] }
services:
  orders:
    type: http
    path: /api/
    upstream: { url: "${UPSTREAM}" }
    identityHeaders: { X-Project: "{claims.project_path}" }
`;

const LOG: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function unexpected(): never {
  throw new Error('no stage makes an outbound call or verifies a token of the gateway');
}

export async function createStageBed(): Promise<StageBed> {
  const key = generateKey('bench-key');
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...defaultClaims('gitlab'), iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + 3600 };
  const mint = (): string =>
    signCompact({ alg: 'RS256', typ: 'JWT', kid: key.kid }, { ...claims, jti: crypto.randomUUID() }, key);
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-stages-'));
  try {
    const file = join(folder, 'gatehouse.yaml');
    await writeFile(file, CONFIGURATION);
    await writeFile(join(folder, 'jwks.json'), JSON.stringify({ keys: [key.jwk] }));
    const loaded = loadConfig(file, {});
    if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(({ message }) => message).join('; '));
    const { config } = loaded;
    const telemetry = createTelemetry({
      services: config.services,
      issuers: config.issuers.map(({ name }) => name),
      version: 'bench',
      configHash: config.hash,
    });
    const ports: AuthenticatePorts = {
      egress: { get: unexpected, post: unexpected },
      keyring: { verify: unexpected, unseal: unexpected, counts: unexpected },
      clock: { now: Date.now },
      log: LOG,
      meter: telemetry.verification,
    };
    const authenticator = createAuthenticator(config, ports);
    await authenticator.fetchKeys();
    const token = mint();
    return { config, token, mint, authenticator, ports, authorizer: createAuthorizer(config), telemetry };
  } finally {
    await rm(folder, { recursive: true });
  }
}
