import { nupkgOf, PUSH_TYPE, pushForm } from '../nuget-archive.ts';
import { gemArchive, specification } from '../gem-archive.ts';

/** The requests of a publishing client: the exchange of its ID token, and the push of a package. */
export interface PublishingFormat {
  readonly type: 'cargo' | 'rubygems' | 'nuget' | 'pypi';
  exchange(idToken: string): PublishingRequest;
  /** The token in the response of the exchange. */
  tokenOf(response: Readonly<Record<string, unknown>>): unknown;
  authorization(token: string): Readonly<Record<string, string>>;
  /** Below the path of the service. */
  push(name: string): PublishingRequest;
  /** A push that needs a grant on `**`, because it does not show its package. */
  readonly unreadable: PublishingRequest;
  /** A read that the client sends with the same token. */
  readonly read: string;
  /** Two spellings of one package; a server of gems distinguishes all of them. */
  readonly spellings: readonly [string, string];
}

export interface PublishingRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const JSON_TYPE = { 'Content-Type': 'application/json' } as const;

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

const postJson = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => ({
  path,
  method: 'POST',
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});

export const PUBLISHING_FORMATS = [
  {
    type: 'cargo',
    exchange: (jwt) => postJson('/api/v1/trusted_publishing/tokens', { jwt }),
    tokenOf: ({ token }) => token,
    authorization: (token) => ({ Authorization: token }),
    push: (name) => ({ path: 'api/v1/crates/new', method: 'PUT', headers: {}, body: publication(name) }),
    // Metadata of more than 1 MiB.
    unreadable: {
      path: 'api/v1/crates/new',
      method: 'PUT',
      headers: {},
      body: Buffer.alloc(2 * 1024 ** 2, 1),
    },
    read: 'ac/me/acme',
    spellings: ['acme_api', 'Acme-API'],
  },
  {
    type: 'rubygems',
    exchange: (jwt) => postJson('/api/v1/oidc/trusted_publisher/exchange_token', { jwt }),
    tokenOf: ({ rubygems_api_key }) => rubygems_api_key,
    authorization: (token) => ({ Authorization: token }),
    push: (name) => ({
      path: 'api/v1/gems',
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: gemArchive(specification(name)),
    }),
    unreadable: {
      path: 'api/v1/gems',
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: gemArchive('--- {name: acme}\n'),
    },
    read: 'versions',
    spellings: ['acme_api', 'acme_api'],
  },
  {
    type: 'nuget',
    exchange: (idToken) =>
      postJson('/api/v2/token', { username: 'acme', tokenType: 'ApiKey' }, bearer(idToken)),
    tokenOf: ({ apiKey }) => apiKey,
    authorization: (token) => ({ 'X-NuGet-ApiKey': token }),
    push: (name) => ({
      path: 'api/v2/package',
      method: 'PUT',
      headers: { 'Content-Type': PUSH_TYPE },
      body: pushForm(nupkgOf(name)),
    }),
    unreadable: {
      path: 'api/v2/package',
      method: 'PUT',
      headers: { 'Content-Type': PUSH_TYPE },
      body: pushForm(Buffer.alloc(5 * 1024 ** 2)),
    },
    read: 'v3/flatcontainer/acme/1.0.0/acme.1.0.0.nupkg',
    spellings: ['Acme.Api', 'acme.API'],
  },
  {
    type: 'pypi',
    exchange: (token) => postJson('/_/oidc/mint-token', { token }),
    tokenOf: ({ token }) => token,
    authorization: (token) => ({ Authorization: `Basic ${btoa(`__token__:${token}`)}` }),
    push: (name) => uploadOf(name, `${name.replaceAll(/[-.]/g, '_')}-1.0-py3-none-any.whl`),
    // Older source distributions contain hyphens: acme 2fa, or acme-2fa.
    unreadable: uploadOf('acme-2fa', 'acme-2fa-1.0.tar.gz'),
    read: 'simple/acme-api/',
    spellings: ['acme_api', 'Acme.API'],
  },
] as const satisfies readonly PublishingFormat[];

/** The body of `cargo publish` (Cargo book, "Publish"): length and metadata, length and file. */
function publication(name: string): Buffer {
  const parts = [JSON.stringify({ name, vers: '1.0.0' }), 'crate'].flatMap((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return [length, Buffer.from(text)];
  });
  return Buffer.concat(parts);
}

/** The form of twine. */
function uploadOf(name: string, file: string): PublishingRequest {
  const field = (disposition: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
  const fields = [
    field('name=":action"', 'file_upload'),
    field('name="name"', name),
    field(`name="content"; filename="${file}"`, 'distribution'),
  ];
  return {
    path: '',
    method: 'POST',
    headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
    body: `${fields.join('')}--b--\r\n`,
  };
}
