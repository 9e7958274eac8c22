/** The calls that tests of revocation make at a gateway with a service at /orders/. */
import type { TestGateway } from './gateway.ts';
import { rawResponse, type RawResponse } from './raw-client.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

export async function exchanged(gateway: TestGateway, subject_token: string): Promise<string> {
  const response = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: EXCHANGE, subject_token, subject_token_type: ID_TOKEN }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (access_token === undefined) throw new Error(`not exchanged: ${response.status}`);
  return access_token;
}

export function giveBack({ port }: TestGateway, token: string): Promise<RawResponse> {
  const body = `token=${token}`;
  const lines = [
    'POST /oauth/revoke HTTP/1.1',
    'Host: gateway.example.com',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  return rawResponse(port, `${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** The same on connections that are kept, for many at once. */
export async function giveBackBusily({ url }: TestGateway, token: string): Promise<number> {
  const response = await fetch(`${url}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
  });
  await response.text();
  return response.status;
}

export async function use({ url }: TestGateway, token: string): Promise<number> {
  const response = await fetch(`${url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

export async function asOperator({ adminUrl }: TestGateway, entry: object): Promise<number> {
  const response = await fetch(`${adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ reason: 'leaked', ...entry }),
  });
  await response.text();
  return response.status;
}

export async function listed({
  adminUrl,
}: TestGateway): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const response = await fetch(`${adminUrl}/revocations`);
  return ((await response.json()) as { revocations: Readonly<Record<string, unknown>>[] }).revocations;
}
