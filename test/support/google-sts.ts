import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';

export interface GoogleSts {
  readonly tokenEndpoint: string;
  /** The forms of all token requests so far. */
  readonly forms: URLSearchParams[];
  /** Responses are sent when it resolves. */
  hold: Promise<void> | undefined;
  /** The `sub` of the subject token that the token was issued for. */
  subjectOf(token: string): string | undefined;
  /** Settings of the provider; replaced by tests. */
  provider: { readonly jwksUri: string; readonly audiences: readonly string[] };
  close(): Promise<void>;
}

/** `audience` of the request: the provider of a workload identity pool. */
export const PROVIDER =
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/gatehouse';

export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const SUBJECT_TYPES = [`${TOKEN_TYPE}jwt`, `${TOKEN_TYPE}id_token`];

/**
 * The token endpoint of Google's Security Token Service, as cloud.google.com describes it ("Method: token", "workload
 * identity federation"): the exchange without client authentication, the provider as `audience`, opaque access tokens.
 */
export async function startGoogleSts(): Promise<GoogleSts> {
  const forms: URLSearchParams[] = [];
  const subjects = new Map<string, string>();
  const server = createServer((request, response) => {
    void respond(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    forms.push(form);
    const refusal = request.headers.authorization === undefined ? refusalOf(form) : 'invalid_client';
    const subject = form.get('subject_token') ?? '';
    const valid = refusal === undefined && (await isValid(subject));
    await sts.hold;
    if (refusal !== undefined) return reply(response, 400, { error: refusal });
    if (!valid) {
      const text = 'The audience in ID Token or its signature does not match the provider.';
      return reply(response, 400, { error: 'invalid_grant', error_description: text });
    }
    const token = `ya29.d.${randomBytes(32).toString('base64url')}`;
    subjects.set(token, String(decodeJwt(subject).sub));
    const issued = { access_token: token, issued_token_type: `${TOKEN_TYPE}access_token` };
    reply(response, 200, { ...issued, token_type: 'Bearer', expires_in: 3_599 });
  }

  async function isValid(token: string): Promise<boolean> {
    const keys = createRemoteJWKSet(new URL(sts.provider.jwksUri));
    const verified = jwtVerify(token, keys, { audience: [...sts.provider.audiences] });
    return verified.then(
      () => true,
      () => false,
    );
  }

  const sts: GoogleSts = {
    tokenEndpoint: `http://127.0.0.1:${port}/v1/token`,
    provider: { jwksUri: '', audiences: [] },
    forms,
    hold: undefined,
    subjectOf: (token: string) => subjects.get(token),
    close() {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return sts;
}

function refusalOf(form: URLSearchParams): string | undefined {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange')
    return 'unsupported_grant_type';
  if (form.get('requested_token_type') !== `${TOKEN_TYPE}access_token`) return 'invalid_request';
  if (!SUBJECT_TYPES.includes(form.get('subject_token_type') ?? '')) return 'invalid_request';
  if (form.get('audience') !== PROVIDER) return 'invalid_target';
  return form.get('scope') === CLOUD_PLATFORM ? undefined : 'invalid_scope';
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
