import { GatehouseError } from '../contract/errors.ts';
import type { Clock, Log, Outbound } from '../contract/ports.ts';
import { WatchedFile } from '../lib/watched-file.ts';
import { createRegistryTokens, type RegistryTokenSettings } from './registry-token.ts';
import type { RequestCredential } from './request-credential.ts';

/** The credential that the gateway adds: exactly one of these. Each secret stands here or in a file. */
export interface UpstreamAuth {
  readonly basic?:
    | {
        readonly username: string;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
      }
    | undefined;
  readonly bearer?:
    { readonly token?: string | undefined; readonly tokenFile?: string | undefined } | undefined;
  readonly header?:
    | { readonly name: string; readonly value?: string | undefined; readonly valueFile?: string | undefined }
    | undefined;
  /** Fetched for each set of rights, with a user name and password, or as anybody. */
  readonly registryToken?:
    | (RegistryTokenSettings & {
        readonly username?: string | undefined;
        readonly password?: string | undefined;
        readonly passwordFile?: string | undefined;
      })
    | undefined;
}

/** One that is at hand; files are re-read when they change. */
interface FixedCredential extends RequestCredential {
  value(): string;
}

export interface CredentialPorts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly log: Log;
}

/** `repositoryPrefix`: what clients write in front of the upstream's names. */
export function createUpstreamCredential(
  service: { readonly name: string; readonly repositoryPrefix?: string | undefined },
  auth: UpstreamAuth | undefined,
  ports: CredentialPorts,
): RequestCredential | undefined {
  const { basic, bearer, header, registryToken } = auth ?? {};
  const { name } = service;
  const { log } = ports;
  if (basic !== undefined) return basicCredential(name, basic, log);
  if (registryToken !== undefined) {
    const { username, password, passwordFile } = registryToken;
    const login =
      username === undefined ? undefined : basicCredential(name, { username, password, passwordFile }, log);
    const tokens = createRegistryTokens(name, registryToken, service.repositoryPrefix ?? '', {
      ...ports,
      login: () => login?.value(),
    });
    return { ...tokens, close: () => login?.close() };
  }
  if (bearer !== undefined) {
    return watched(
      name,
      'Authorization',
      bearer.token,
      bearer.tokenFile,
      (secret) => `Bearer ${secret}`,
      log,
    );
  }
  if (header !== undefined) {
    return watched(name, header.name, header.value, header.valueFile, (secret) => secret, log);
  }
  return undefined;
}

function basicCredential(
  service: string,
  { username, password, passwordFile }: NonNullable<UpstreamAuth['basic']>,
  log: Log,
): FixedCredential {
  const encode = (secret: string): string =>
    `Basic ${Buffer.from(`${username}:${secret}`, 'utf8').toString('base64')}`;
  return watched(service, 'Authorization', password, passwordFile, encode, log);
}

function watched(
  service: string,
  name: string,
  inline: string | undefined,
  path: string | undefined,
  encode: (secret: string) => string,
  log: Log,
): FixedCredential {
  if (path === undefined) {
    const fixed = encode(inline ?? '');
    return { name, value: () => fixed, close: () => undefined };
  }
  let current = '';
  const take = (content: string): void => {
    const secret = content.trim();
    // What cannot stand in a header would fail every request; the last good secret stays.
    if (!/^[\x20-\x7e]+$/.test(secret))
      throw new GatehouseError('startup_failed', `${path} holds no usable secret`);
    current = encode(secret);
  };
  const failed = (cause: unknown): void => {
    const code = (cause as { code?: string }).code ?? 'unknown';
    log.warn('upstream credential not re-read, the last good one stays', { service, file: path, code });
  };
  const changed = (content: string): void => {
    take(content);
    log.info('upstream credential re-read', { service, file: path });
  };
  try {
    const file = new WatchedFile(path, changed, failed);
    take(file.content);
    return { name, value: () => current, close: () => file.close() };
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new GatehouseError(
      'startup_failed',
      `services.${service}.upstream.auth: ${path} cannot be read (${code})`,
      {
        cause,
      },
    );
  }
}
