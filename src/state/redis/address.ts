import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { GatehouseError } from '../../core/errors.ts';

export interface RedisSettings {
  readonly url?: string | undefined;
  readonly urlFile?: string | undefined;
  readonly caFile?: string | undefined;
  /** Timeout per command, in milliseconds. */
  readonly timeout: number;
  /** Prefix of all keys. */
  readonly prefix: string;
}

/** Address and login of Redis, in the form of the client's options. Contains the password: never print it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Undefined: not encrypted. */
  readonly tls: { readonly ca?: string; readonly servername?: string } | undefined;
}

/**
 * Parses the URL here, because the errors of the client quote the URL with its password. Throws `startup_failed`
 * with the configuration key, without the value.
 */
export function readAddress(settings: RedisSettings): RedisAddress {
  const key = settings.url === undefined ? 'urlFile' : 'url';
  const url = URL.parse(settings.url ?? read('urlFile', settings.urlFile ?? '').trim());
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw unusable(key, 'is no redis:// or rediss:// URL');
  }
  const encrypted = url.protocol === 'rediss:';
  if (settings.caFile !== undefined && !encrypted) {
    throw unusable('caFile', 'is not used with redis://, which is not encrypted; write rediss://');
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: url.port === '' ? 6379 : Number(url.port),
    username: unescaped(key, url.username),
    password: unescaped(key, url.password),
    database: Number(url.pathname.slice(1)),
    tls: encrypted
      ? {
          ...(settings.caFile === undefined ? {} : { ca: read('caFile', settings.caFile) }),
          ...(isIP(host) === 0 ? { servername: host } : {}),
        }
      : undefined,
  };
}

function unescaped(key: string, text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw unusable(key, 'has an escape that is none in its user or password');
  }
}

function read(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(key, `${file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}

function unusable(key: string, why: string): GatehouseError {
  return new GatehouseError('startup_failed', `state.redis.${key}: ${why}`);
}
