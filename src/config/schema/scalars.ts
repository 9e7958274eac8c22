import { z } from 'zod';
import { CONFIGURED_NAME } from '../../core/names.ts';
import { BYTE_SIZE_PATTERN, parseByteSize } from '../../util/text/byte-size.ts';
import { DURATION_PATTERN, parseDuration } from '../../util/text/duration.ts';

export const nonEmpty = z.string().min(1, { error: 'must not be empty' });

export const name = z.string().regex(CONFIGURED_NAME, {
  error: 'must be a name: letters, digits, ".", "_", "-", "@", at most 128, starting with a letter or digit',
});

/** Whether the text can be sent as the value of a header. */
export function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text) && text.trim() === text;
}

const TEN_YEARS = 3_650 * 86_400_000;
const MAX_TIMER_DELAY = 24 * 86_400_000;

const durationText = { error: 'must be a duration such as 250ms, 30s, 15m, 1h, 7d' };

/** `30s` → milliseconds, limits included. */
const durationWithin = (min: number, max: number, error: string) =>
  z
    .string(durationText)
    .regex(DURATION_PATTERN, durationText)
    .refine((text) => inRange(parseDuration(text), min, max), { error })
    .transform((text) => parseDuration(text) ?? 0);

export const duration = durationWithin(1, TEN_YEARS, 'must be more than 0 and at most ten years');

/** A duration of a timer. Node.js fires timers of more than 24.8 days immediately. */
export const timeout = durationWithin(1, MAX_TIMER_DELAY, 'must be more than 0 and at most 24d');

/** A duration of a timer that may be `0s`. */
export const delay = durationWithin(0, MAX_TIMER_DELAY, 'must be at most 24d');

/** Registry clients renew a token 60 s before it expires, and a short-lived token expires within a day. */
export const tokenLifetime = duration.refine((ms) => ms >= 60_000 && ms <= 86_400_000, {
  error: 'must be from 1m to 24h',
});

const byteSizeText = { error: 'must be a size such as 512B, 32KiB, 10MiB, 2GiB' };

/** `32KiB` → bytes. */
export const byteSize = z
  .string(byteSizeText)
  .regex(BYTE_SIZE_PATTERN, byteSizeText)
  .refine((text) => inRange(parseByteSize(text), 0, Number.MAX_SAFE_INTEGER), { error: 'is too large' })
  .transform((text) => parseByteSize(text) ?? 0);

/** The loader recognises the format and resolves the path against the directory of the configuration file. */
export const filePath = z.string().min(1, { error: 'must be the path of a file' }).meta({ format: 'path' });

export const url = z.string().refine(isHttpUrl, {
  error: 'must be an absolute http(s) URL without user, query or fragment, such as https://host.example.com/',
});

/** The URL of an issuer: http(s), or the trust domain of SPIFFE. */
export const issuerUrl = z.string().refine((text) => /^spiffe:\/\/[^/?#\s]+$/.test(text) || isHttpUrl(text), {
  error:
    'must be an absolute http(s) URL without user, query or fragment, such as https://host.example.com/, or spiffe://TRUST-DOMAIN',
});

function isHttpUrl(text: string): boolean {
  // The URL parser trims spaces, drops tabs and turns `\` into `/`. These URLs are compared byte for byte.
  if (!/^https?:\/\/[!-~]+$/.test(text) || /[?#\\]/.test(text) || !URL.canParse(text)) return false;
  const parsed = new URL(text);
  return parsed.username === '' && parsed.password === '';
}

/** A DNS name as in a certificate. TLS server names are never addresses (RFC 6066 §3). */
export const hostName = z
  .string()
  .regex(
    /^(?!\d+(?:\.\d+){3}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
    {
      error: 'must be the name of a host such as orders.internal, without port',
    },
  );

/** `redis://HOST:PORT`, optionally with user, password and database number. */
export const redisUrl = z.string().refine(isRedisUrl, {
  error:
    'must be redis://HOST:PORT or rediss://HOST:PORT (TLS), optionally followed by a database number such as /0',
});

export function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\/[!-~]+$/.test(text) || /[?#\\]/.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname, username, password } = new URL(text);
  return hostname !== '' && /^\/?\d*$/.test(pathname) && isEscaped(username) && isEscaped(password);
}

function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const listenText = { error: 'must be ADDRESS:PORT, for example 127.0.0.1:8080' };

const listenOrSocketText = {
  error: 'must be ADDRESS:PORT, for example 127.0.0.1:8081, or unix:/PATH',
};

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all addresses), port 0 = any free one. */
export const listenAddress = z
  .string(listenText)
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):\d{1,5}$/, listenText);

/** `listenAddress`, or the absolute path of a Unix domain socket. */
export const listenAddressOrSocket = z
  .string(listenOrSocketText)
  .regex(/^(?:unix:\/.{1,100}|(?:\[[0-9a-fA-F:.]+\]|[^:[\]\s]*):\d{1,5})$/, listenOrSocketText);

export const cidr = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
  error: 'must be a network such as 10.0.0.0/8, or an address',
});

function inRange(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}
