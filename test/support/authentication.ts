import { createAuthenticator } from '../../src/credentials/index.ts';
import type {
  Authentication,
  Authenticator,
  DeployTokenSettings,
  IssuerSettings,
  JobTokenChecks,
  ServiceSettings,
} from '../../src/credentials/index.ts';
import type { PresentedCredential } from '../../src/core/credentials/credential.ts';
import type { VerificationMeter } from '../../src/core/operation/meter.ts';
import type { Log, LogFields, EgressClient } from '../../src/core/ports.ts';
import { createEgressClient } from '../../src/proxy/index.ts';
import { AUDIENCE } from './issuer.ts';
import type { TestIssuer } from './issuer.ts';
import { testKeyring } from './keyring.ts';

const SERVER = { publicUrl: 'https://gateway.example.com' };

/** A clock that only a test advances. */
export class FrozenClock {
  #now = Date.UTC(2026, 10, 21, 12);

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export class RecordingLog implements Log {
  readonly lines: LogLine[] = [];

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }
}

/** Every call as one line: `cacheHit id_token`, `verified id_token gitlab denied`, `fetched gitlab success`. */
export class RecordingMeter implements VerificationMeter {
  readonly calls: string[] = [];

  cacheHit(credential: string): void {
    this.calls.push(`cacheHit ${credential}`);
  }

  cacheMiss(credential: string): void {
    this.calls.push(`cacheMiss ${credential}`);
  }

  verified(credential: string, issuer: string | undefined, outcome: string, seconds: number): void {
    this.calls.push(`verified ${credential} ${issuer ?? '-'} ${outcome}${seconds >= 0 ? '' : ' in no time'}`);
  }

  keySetFetched(issuer: string, outcome: string): void {
    this.calls.push(`fetched ${issuer} ${outcome}`);
  }

  jobChecked(issuer: string, outcome: string): void {
    this.calls.push(`checked ${issuer} ${outcome}`);
  }

  count(call: string): number {
    return this.calls.filter((other) => other === call).length;
  }
}

export const TIMING = { refresh: 600_000, cooldown: 30_000, staleLimit: 21_600_000 } as const;

export function issuerSettings(issuer: TestIssuer, changes: Partial<IssuerSettings> = {}): IssuerSettings {
  const { type, url, jwksUri } = issuer;
  // A trust domain has no discovery document.
  const keys = type === 'spiffe' ? { jwksUri } : {};
  return { name: type, type, issuer: url, audiences: [AUDIENCE], keys: TIMING, ...keys, ...changes };
}

/** Settings for job tokens with the default limits. `cache` in milliseconds. */
export function jobTokenChecks(cache: number): JobTokenChecks {
  return { cache, limits: { burst: 450, perSecond: 7.5, queue: 1_000 } };
}

export function idToken(token: string): PresentedCredential {
  return { class: 'id_token', credentialSource: 'bearer', token, username: undefined };
}

export function jobToken(token: string): PresentedCredential {
  return { class: 'job_token', credentialSource: 'job-token', token, username: undefined };
}

export interface Rig {
  readonly authenticator: Authenticator;
  readonly clock: FrozenClock;
  readonly log: RecordingLog;
  readonly meter: RecordingMeter;
  /** Authenticates this ID token for the service `api`. */
  ask(token: string): Authentication | Promise<Authentication>;
  /** The reason code of the refusal, or `verified`. */
  reason(token: string): Promise<string>;
  close(): Promise<void>;
}

/** An authenticator with a frozen clock, not started. Default services: `api`. */
export function authenticatorFor(
  issuers: readonly IssuerSettings[],
  options: {
    readonly services?: readonly ServiceSettings[];
    readonly deployTokens?: readonly DeployTokenSettings[];
    readonly egress?: EgressClient;
    readonly clock?: FrozenClock;
  } = {},
): Rig {
  const { services = [{ name: 'api' }], deployTokens = [], clock = new FrozenClock() } = options;
  const own = createEgressClient();
  const log = new RecordingLog();
  const meter = new RecordingMeter();
  const egress = { ...own, ...options.egress };
  const authenticator = createAuthenticator(
    { issuers, services, deployTokens, workloadIdentities: [], identities: [], server: SERVER },
    { egress, keyring: testKeyring(), clock, log, meter },
  );
  const ask: Rig['ask'] = (token) => authenticator.forService('api')(idToken(token));
  return {
    authenticator,
    clock,
    log,
    meter,
    ask,
    reason: async (token) => reasonOf(await ask(token)),
    async close() {
      authenticator.stop();
      await own.close();
    },
  };
}

export function reasonOf(result: Authentication): string {
  return 'kind' in result ? result.reason : 'verified';
}
