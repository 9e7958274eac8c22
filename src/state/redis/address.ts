import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

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
  readonly kind: 'address';
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Undefined: not encrypted. */
  readonly tls: { readonly ca?: string; readonly servername?: string } | undefined;
}

/** An unusable setting; `detail` contains the configuration key without its value. */
interface InvalidAddress {
  readonly kind: 'invalid';
  readonly detail: string;
}

interface Text {
  readonly kind: 'text';
  readonly text: string | undefined;
}

/** Parses the URL here, because the errors of the client quote the URL with its password. */
export function readAddress(settings: RedisSettings): RedisAddress | InvalidAddress {
  const key = settings.url === undefined ? 'urlFile' : 'url';
  const source = readText('urlFile', settings.url === undefined ? (settings.urlFile ?? '') : undefined);
  if (source.kind === 'invalid') return source;
  const url = URL.parse(settings.url ?? source.text?.trim() ?? '');
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    return invalid(key, 'is no redis:// or rediss:// URL');
  }
  const encrypted = url.protocol === 'rediss:';
  if (settings.caFile !== undefined && !encrypted) {
    return invalid('caFile', 'is not used with redis://, which is not encrypted; write rediss://');
  }
  const username = unescaped(key, url.username);
  if (username.kind === 'invalid') return username;
  const password = unescaped(key, url.password);
  if (password.kind === 'invalid') return password;
  const ca = readText('caFile', settings.caFile);
  if (ca.kind === 'invalid') return ca;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    kind: 'address',
    host,
    port: url.port === '' ? 6379 : Number(url.port),
    username: username.text,
    password: password.text,
    database: Number(url.pathname.slice(1)),
    tls: encrypted
      ? {
          ...(ca.text === undefined ? {} : { ca: ca.text }),
          ...(isIP(host) === 0 ? { servername: host } : {}),
        }
      : undefined,
  };
}

function unescaped(key: string, text: string): Text | InvalidAddress {
  if (text === '') return { kind: 'text', text: undefined };
  try {
    return { kind: 'text', text: decodeURIComponent(text) };
  } catch {
    return invalid(key, 'has an escape that is none in its user or password');
  }
}

function readText(key: string, file: string | undefined): Text | InvalidAddress {
  if (file === undefined) return { kind: 'text', text: undefined };
  try {
    return { kind: 'text', text: readFileSync(file, 'utf8') };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    return invalid(key, `${file} cannot be read (${code})`);
  }
}

function invalid(key: string, why: string): InvalidAddress {
  return { kind: 'invalid', detail: `state.redis.${key}: ${why}` };
}
