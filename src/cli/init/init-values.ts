import { isLoopback } from '../../util/http/listen-address.ts';

/** A value of a flag or of an answer. */
export type InitValue =
  | { readonly kind: 'accepted'; readonly value: string }
  | { readonly kind: 'refused'; readonly problem: string };

export type ReadInitValue = (text: string) => InitValue;

const accepted = (value: string): InitValue => ({ kind: 'accepted', value });
const refused = (problem: string): InitValue => ({ kind: 'refused', problem });

/** A refused value for messages, without the parts of a URL that can be secret. */
export function shownValue(text: string): string {
  return text.replace(/(?<=\/\/)[^/@]*@/, '…@').replace(/(?<=[?#]).*/, '…');
}

/** The `iss` of GitLab's tokens: its URL, byte for byte, without a final slash. */
export function readIssuerUrl(text: string): InitValue {
  return readHttpUrl(text, ({ protocol, hostname, href }) => {
    if (protocol === 'http:' && !isLoopbackHost(hostname)) {
      return refused(
        'must be https: an attacker who can change the response can sign tokens (http is for loopback)',
      );
    }
    return accepted(href.replace(/\/+$/, ''));
  });
}

/** A URL without a path: the audience of ID tokens, and the address that clients use. */
export function readOrigin(text: string): InitValue {
  return readHttpUrl(text, ({ protocol, hostname, pathname, origin }) => {
    if (pathname !== '/') return refused(`must not have a path; write ${origin}`);
    if (protocol === 'http:' && !isLoopbackHost(hostname)) {
      return refused('must be https: clients send their credentials to it (http is for loopback)');
    }
    return accepted(origin);
  });
}

/** The URL of an upstream. Its path replaces the path of the service, so it ends in a slash. */
export function readUpstreamUrl(text: string): InitValue {
  return readHttpUrl(text, ({ href }) => accepted(href.endsWith('/') ? href : `${href}/`));
}

function isLoopbackHost(hostname: string): boolean {
  return isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function readHttpUrl(text: string, read: (url: URL) => InitValue): InitValue {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    return refused('must be a URL such as https://host.example.com');
  if (url.username !== '' || url.password !== '') {
    return refused(
      'must not contain a user name or password; add the credential to `upstream.auth` afterwards',
    );
  }
  if (/[?#]/.test(text)) return refused('must not have a query or a fragment');
  // Characters that YAML or a template of the configuration would read differently.
  if (/[\s'"\\{}$]/.test(url.href)) return refused('must not contain spaces, quotes, braces or `$`');
  return read(url);
}

/** `acme/payments`, also in subgroups; with the rules of image names but for upper case, as GitLab has them. */
export function readProjectPath(text: string): InitValue {
  const segment = String.raw`[A-Za-z0-9]+(?:(?:[._]|__|-+)[A-Za-z0-9]+)*`;
  if (new RegExp(`^${segment}(?:/${segment})+$`).test(text)) return accepted(text);
  return refused('must be the path of a project such as acme/payments');
}

export function readProjectId(text: string): InitValue {
  if (/^[1-9]\d{0,18}$/.test(text)) return accepted(text);
  return refused('must be the number of the project, not its path');
}

/** The name of a GitHub organization or user. */
export function readOwner(text: string): InitValue {
  if (/^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}$/.test(text)) return accepted(text);
  return refused('must be the name of an organization or user such as acme');
}

/** The name of a workspace or organization in a URL. */
export function readName(text: string): InitValue {
  if (/^[A-Za-z0-9](?:[_-]?[A-Za-z0-9]){0,61}$/.test(text)) return accepted(text);
  return refused('must be a name such as acme, as in the URL of its page');
}

export function readUuid(text: string): InitValue {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return accepted(text.toLowerCase());
  return refused('must be an id such as 0c1d2e3f-1111-4222-8333-444455556666');
}

/** The issuer URL of an AWS account. */
export function readAccountIssuer(text: string): InitValue {
  return readHttpUrl(text, ({ protocol, hostname, pathname, origin }) =>
    protocol === 'https:' && pathname === '/' && hostname.endsWith('.api.aws')
      ? accepted(origin)
      : refused('must be the URL that "aws iam get-outbound-web-identity-federation-info" prints'),
  );
}

/** A SPIFFE trust domain. */
export function readDomain(text: string): InitValue {
  if (/^[a-z0-9](?:[._-]?[a-z0-9]){0,200}$/.test(text)) return accepted(text);
  return refused('must be a trust domain such as example.org, without spiffe://');
}
