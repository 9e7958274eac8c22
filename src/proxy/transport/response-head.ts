import { foldHeaderName } from '../../util/http/header-name.ts';
import { addConnectionNames, withoutNames } from '../headers/connection-header.ts';
import { createQueryCleaner, stripCredentials } from '../headers/credential-parameters.ts';
import { rewriteLinks } from '../rewrite/link.ts';
import { rewriteRefresh } from '../rewrite/refresh.ts';
import { originOf, type LocationRewriter } from '../rewrite/location.ts';
import { invalidResponse as invalid, type InvalidResponse } from './invalid-response.ts';

export type ResponseHead =
  | {
      readonly kind: 'head';
      /** Name, value, name, value … for `writeHead`. */
      readonly headers: string[];
      /** Bytes; undefined without Content-Length. */
      readonly contentLength: number | undefined;
      /** The end of the connection delimits the body, so the client's connection must be closed with it. */
      readonly untilClose: boolean;
    }
  | InvalidResponse;

/** Reads the response headers (name, value, …), and removes the headers that are not relayed. */
export function readResponseHead(
  raw: readonly string[],
  status: number,
  host: string,
  location: LocationRewriter,
  keepCookies: boolean,
): ResponseHead {
  const headers: string[] = [];
  let contentLength: number | undefined;
  let chunked = false;
  let trailers = false;
  let named: Set<string> | undefined;
  let dispositions: string[] | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const folded = foldHeaderName(name);
    const action = ACTIONS.get(folded);
    if (action === undefined) {
      headers.push(name, value);
      continue;
    }
    // The parser ignores `Content_Length`; a client that reads it as Content-Length would see another body.
    if (FRAMING.has(folded) && name.includes('_')) return invalid(`a header that reads as ${folded}`);
    switch (action) {
      case 'drop':
        break;
      case 'cookie':
        if (keepCookies) headers.push(name, value);
        break;
      case 'connection':
        named = addConnectionNames(named, value);
        break;
      case 'content-length':
        if (!/^\d{1,15}$/.test(value)) return invalid('a Content-Length that is not a number');
        if (contentLength !== undefined && contentLength !== Number(value))
          return invalid('two Content-Lengths');
        // A 204 has no Content-Length (RFC 9110 §8.6); a client that trusts it waits for a body.
        if (contentLength === undefined && status !== 204) headers.push(name, value);
        contentLength = Number(value);
        break;
      case 'disposition':
        (dispositions ??= []).push(name, value);
        break;
      case 'trailer':
        trailers = true;
        break;
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked')
          return invalid('a Transfer-Encoding other than chunked');
        chunked = true;
        break;
      case 'location': {
        const rewritten = location(value, host);
        // A response needs its `Location`; other headers with a foreign URL are removed.
        if (rewritten !== undefined)
          headers.push(name, folded === TERRAFORM_GET ? withoutToken(rewritten) : rewritten);
        else if (folded === 'location') return invalid(`a redirect to ${originOf(value)}`);
        break;
      }
      case 'refresh': {
        const rewritten = rewriteRefresh(value, host, location);
        if (rewritten !== undefined) headers.push(name, rewritten);
        break;
      }
      case 'reference':
        headers.push(name, location(value, host) ?? value);
        break;
      case 'link':
        headers.push(name, rewriteLinks(value, host, location));
        break;
      default:
        action satisfies never;
    }
  }
  // Both framings together allow response splitting (RFC 9112 §6.1).
  if (chunked && contentLength !== undefined) return invalid('both Content-Length and Transfer-Encoding');
  // Trailers exist only after the last chunk (RFC 9112 §7.1.2).
  if (trailers && contentLength !== undefined) return invalid('both Trailer and Content-Length');
  return {
    kind: 'head',
    // After Content-Length, Node decodes this header as UTF-8 and refuses or changes it (nodejs/node#46528).
    headers: withoutNames(dispositions === undefined ? headers : [...dispositions, ...headers], named),
    contentLength,
    untilClose: !chunked && contentLength === undefined,
  };
}

/** URL of a Terraform module; GitLab adds a token of the requesting account (lib/api/terraform/modules/v1). */
const TERRAFORM_GET = 'x-terraform-get';
const cleanSource = createQueryCleaner(['token']);

function withoutToken(url: string): string {
  return stripCredentials(url, cleanSource);
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

type Action =
  | 'drop'
  | 'cookie'
  | 'connection'
  | 'content-length'
  | 'disposition'
  | 'trailer'
  | 'transfer-encoding'
  | 'location'
  | 'refresh'
  | 'reference'
  | 'link';

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['connection', 'connection'],
  ['content-length', 'content-length'],
  ['content-disposition', 'disposition'],
  ['transfer-encoding', 'transfer-encoding'],
  ['location', 'location'],
  ['content-location', 'location'],
  [TERRAFORM_GET, 'location'],
  ['refresh', 'refresh'],
  ['sourcemap', 'reference'],
  ['x-sourcemap', 'reference'],
  ['link', 'link'],
  // A session cookie is a credential of the gateway's account at the upstream (Set-Cookie2: RFC 2965).
  ['set-cookie', 'cookie'],
  ['set-cookie2', 'cookie'],
  ['keep-alive', 'drop'],
  ['proxy-connection', 'drop'],
  ['proxy-authenticate', 'drop'],
  ['proxy-authentication-info', 'drop'],
  ['te', 'drop'],
  ['trailer', 'trailer'],
  ['upgrade', 'drop'],
  // A client sends its credential to the realm of a challenge (CVE-2026-33540), so only the gateway's is sent.
  ['www-authenticate', 'drop'],
  ['authentication-info', 'drop'],
  // It would direct clients around the gateway.
  ['alt-svc', 'drop'],
  ['x-request-id', 'drop'],
]);
