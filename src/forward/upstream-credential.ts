import { GatehouseError } from '../contract/errors.ts';
import type { Log } from '../contract/ports.ts';
import { WatchedFile } from '../lib/watched-file.ts';

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
}

export interface UpstreamCredential {
  /** The header that carries it. */
  readonly name: string;
  /** As it is now; files are re-read when they change. */
  value(): string;
  close(): void;
}

export function createUpstreamCredential(
  service: string,
  auth: UpstreamAuth | undefined,
  log: Log,
): UpstreamCredential | undefined {
  const { basic, bearer, header } = auth ?? {};
  if (basic !== undefined) {
    const encode = (secret: string): string =>
      `Basic ${Buffer.from(`${basic.username}:${secret}`, 'utf8').toString('base64')}`;
    return watched(service, 'Authorization', basic.password, basic.passwordFile, encode, log);
  }
  if (bearer !== undefined) {
    return watched(
      service,
      'Authorization',
      bearer.token,
      bearer.tokenFile,
      (secret) => `Bearer ${secret}`,
      log,
    );
  }
  if (header !== undefined) {
    return watched(service, header.name, header.value, header.valueFile, (secret) => secret, log);
  }
  return undefined;
}

function watched(
  service: string,
  name: string,
  inline: string | undefined,
  path: string | undefined,
  encode: (secret: string) => string,
  log: Log,
): UpstreamCredential {
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
