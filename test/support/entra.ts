import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  CLIENT_ASSERTION_TYPE,
  verifyEntraAssertion,
  type EntraCredentials,
  type EntraRefusal,
} from './entra-assertion.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';

export interface ServicePrincipal {
  readonly clientId: string;
  readonly secret?: string;
  /** Credentials for client assertions. */
  readonly assertions?: EntraCredentials;
  readonly objectId: string;
  /** App roles that are assigned to it on the resource. */
  readonly roles?: readonly string[];
}

export interface TestEntra {
  /** `…/oauth2/v2.0/token` */
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  close(): Promise<void>;
}

/**
 * The client-credentials grant of Entra's v2.0 token endpoint, as learn.microsoft.com describes it (identity platform,
 * "OAuth 2.0 client credentials flow", "access token claims"): the client in the form, one scope `RESOURCE/.default`, an
 * `aud` that is the resource's client id, `roles` only where some are assigned, errors with AADSTS numbers.
 */
export async function startEntra(
  tenant: string,
  resource: string,
  principals: readonly ServicePrincipal[],
): Promise<TestEntra> {
  const path = `/${tenant}/oauth2/v2.0/token`;
  const issuer: TestIssuer = await startIssuer({
    type: 'entra',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    audience: resource,
    others(request, response) {
      void token(request, response).catch(() => response.destroy());
    },
  });

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method !== 'POST' || request.url !== path) return reply(response, 404, {});
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'client_credentials') {
      return refuse(
        response,
        400,
        'unsupported_grant_type',
        70003,
        'The app requested an unsupported grant type.',
      );
    }
    const principal = principals.find(({ clientId }) => clientId === form.get('client_id'));
    if (principal === undefined) {
      return refuse(
        response,
        400,
        'unauthorized_client',
        700016,
        'Application was not found in the directory.',
      );
    }
    const refusal = await authenticate(principal, form, issuer.jwksUri);
    if (refusal !== undefined) return refuse(response, 401, 'invalid_client', refusal.code, refusal.text);
    if (form.get('scope') !== `api://${resource}/.default`) {
      return refuse(response, 400, 'invalid_scope', 1002012, 'The provided value for scope is not valid.');
    }
    const accessToken = issuer.mint(
      {
        tid: tenant,
        oid: principal.objectId,
        sub: principal.objectId,
        azp: principal.clientId,
        azpacr: '1',
        roles: principal.roles,
      },
      { lifetime: 3_599 },
    );
    return reply(response, 200, {
      token_type: 'Bearer',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: accessToken,
    });
  }

  async function authenticate(
    { clientId, secret, assertions = {} }: ServicePrincipal,
    form: URLSearchParams,
    base: string,
  ): Promise<EntraRefusal | undefined> {
    const assertion = form.get('client_assertion');
    if (assertion !== null && form.get('client_assertion_type') === CLIENT_ASSERTION_TYPE)
      return verifyEntraAssertion(assertion, clientId, new URL(path, base).href, assertions);
    if (secret !== undefined && secret === form.get('client_secret')) return undefined;
    return { code: 7000215, text: 'Invalid client secret provided.' };
  }

  return {
    tokenEndpoint: new URL(path, issuer.jwksUri).href,
    jwksUri: issuer.jwksUri,
    close: () => issuer.close(),
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': text.length,
    'cache-control': 'no-store',
  });
  response.end(text);
}

function refuse(response: ServerResponse, status: number, error: string, code: number, text: string): void {
  const [trace, correlation] = [randomUUID(), randomUUID()];
  reply(response, status, {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlation}`,
    error_codes: [code],
    timestamp: new Date().toISOString().replace('T', ' '),
    trace_id: trace,
    correlation_id: correlation,
  });
}
