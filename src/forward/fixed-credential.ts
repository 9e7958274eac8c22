import { GatehouseError } from '../contract/errors.ts';
import type { Log } from '../contract/ports.ts';
import { WatchedFile } from '../lib/watched-file.ts';
import type { Presented, RequestCredential } from './request-credential.ts';

/** Credentials that are at hand. Each secret stands here or in a file. */
export interface FixedAuth {
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
}

/** Files are re-read when they change. */
export interface FixedCredential extends RequestCredential {
  present(): Presented;
}

export function fixedCredential(
  service: string,
  { basic, bearer, header }: FixedAuth,
  log: Log,
): FixedCredential | undefined {
  if (basic !== undefined) return basicCredential(service, basic, log);
  if (bearer !== undefined) {
    const { token, tokenFile } = bearer;
    return watched(service, 'Authorization', token, tokenFile, (secret) => `Bearer ${secret}`, log);
  }
  if (header !== undefined) {
    return watched(service, header.name, header.value, header.valueFile, (secret) => secret, log);
  }
  return undefined;
}

export function basicCredential(
  service: string,
  { username, password, passwordFile }: NonNullable<FixedAuth['basic']>,
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
  const carry = (secret: string): Presented => ({ carrier: 'header', name, value: encode(secret) });
  const shared = { headers: [name], rejected: () => 'upstream_unauthorized' as const };
  if (path === undefined) {
    const fixed = carry(inline ?? '');
    return { ...shared, present: () => fixed, close: () => undefined };
  }
  const take = (content: string): Presented => {
    const secret = content.trim();
    // What cannot stand in a header would fail every request; the last good secret stays.
    if (!/^[\x20-\x7e]+$/.test(secret))
      throw new GatehouseError('startup_failed', `${path} holds no usable secret`);
    return carry(secret);
  };
  const failed = (cause: unknown): void => {
    const code = (cause as { code?: string }).code ?? 'unknown';
    log.warn('upstream credential not re-read, the last good one stays', { service, file: path, code });
  };
  const changed = (content: string): void => {
    current = take(content);
    log.info('upstream credential re-read', { service, file: path });
  };
  let current: Presented;
  try {
    const file = new WatchedFile(path, changed, failed);
    current = take(file.content);
    return { ...shared, present: () => current, close: () => file.close() };
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
