import { createHash } from 'node:crypto';

export interface OciImage {
  readonly manifest: Buffer;
  /** Configuration and layers, which the manifest names by digest. */
  readonly blobs: readonly Buffer[];
}

/** `refused`: as docker prints it, and the id of the request. */
export type OciOutcome =
  | { readonly kind: 'done'; readonly digest: string }
  | { readonly kind: 'refused'; readonly words: string; readonly requestId: string | undefined };

export interface OciClient {
  login(): Promise<OciOutcome>;
  pull(repository: string, tag: string): Promise<OciOutcome>;
  push(repository: string, tag: string, image: OciImage): Promise<OciOutcome>;
}

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Sends the requests of docker: without a token first, then with one from the service that the challenge names (OCI
 * distribution specification; "Token Authentication Specification" of distribution).
 */
export function createOciClient(registry: string, password?: string): OciClient {
  async function send(method: string, path: string, body?: Buffer, type?: string): Promise<Response> {
    const url = new URL(path, registry);
    const attempt = (authorization?: string): Promise<Response> =>
      fetch(url, {
        method,
        headers: {
          // The gateway drains open connections before it stops, so a kept-alive connection would delay the stop.
          Connection: 'close',
          ...(authorization === undefined ? {} : { Authorization: authorization }),
          ...(type === undefined ? {} : { 'Content-Type': type, Accept: type }),
        },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      });
    const first = await attempt();
    const challenge = first.headers.get('www-authenticate');
    if (first.status !== 401 || challenge === null || password === undefined) return first;
    await first.arrayBuffer();
    const login = await requestToken(challenge, password);
    if (!login.ok) return login;
    const { token } = (await login.json()) as { readonly token: string };
    return attempt(`Bearer ${token}`);
  }

  return {
    async login() {
      const response = await send('GET', '/v2/');
      return response.ok ? { kind: 'done', digest: '' } : refusal(response);
    },
    async pull(repository, tag) {
      const response = await send('GET', `/v2/${repository}/manifests/${tag}`, undefined, MANIFEST_TYPE);
      if (!response.ok) return refusal(response);
      const manifest = Buffer.from(await response.arrayBuffer());
      for (const digest of blobDigests(manifest)) {
        const blob = await send('GET', `/v2/${repository}/blobs/${digest}`);
        if (!blob.ok) return refusal(blob);
        if (digestOf(Buffer.from(await blob.arrayBuffer())) !== digest)
          throw new Error(`${digest} is damaged`);
      }
      return { kind: 'done', digest: digestOf(manifest) };
    },
    async push(repository, tag, { manifest, blobs }) {
      for (const blob of blobs) {
        const opened = await send('POST', `/v2/${repository}/blobs/uploads/`);
        if (!opened.ok) return refusal(opened);
        const upload = new URL(opened.headers.get('location') ?? '', registry);
        upload.searchParams.set('digest', digestOf(blob));
        const written = await send('PUT', upload.pathname + upload.search, blob, 'application/octet-stream');
        if (!written.ok) return refusal(written);
      }
      const response = await send('PUT', `/v2/${repository}/manifests/${tag}`, manifest, MANIFEST_TYPE);
      return response.ok ? { kind: 'done', digest: digestOf(manifest) } : refusal(response);
    },
  };
}

export function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Asks the token service of a Bearer challenge, with the password of `docker login`. */
function requestToken(challenge: string, password: string): Promise<Response> {
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const url = new URL(parameters.get('realm') ?? '');
  for (const name of ['service', 'scope']) {
    const value = parameters.get(name);
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const basic = Buffer.from(`ci:${password}`).toString('base64');
  return fetch(url, { headers: { Connection: 'close', Authorization: `Basic ${basic}` } });
}

function blobDigests(manifest: Buffer): readonly string[] {
  const { config, layers } = JSON.parse(manifest.toString()) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  return [config, ...layers].map(({ digest }) => digest);
}

/** docker prints the code in lower case and the message (errcode of distribution). */
async function refusal(response: Response): Promise<OciOutcome> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const { errors = [] } = (await response.json().catch(() => ({}))) as {
    readonly errors?: readonly { readonly code: string; readonly message: string }[];
  };
  const [first] = errors;
  const words =
    first === undefined
      ? `${response.status} ${response.statusText}`
      : `${first.code.toLowerCase().replaceAll('_', ' ')}: ${first.message}`;
  return { kind: 'refused', words, requestId };
}
