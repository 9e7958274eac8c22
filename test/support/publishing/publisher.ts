import type { AuditLine, TestGateway } from '../gateway.ts';
import type { PublishingFormat, PublishingRequest } from './package-pushes.ts';

export interface PublisherResponse {
  readonly status: number;
  readonly body: string;
  readonly requestId: string | null;
  readonly retryAfter: string | null;
}

/** A client with a publishing token. The services have the path `/TYPE/`. */
export interface Publisher {
  readonly token: string;
  /** `at`: another gateway than the one of the exchange. */
  push(name: string, at?: TestGateway): Promise<PublisherResponse>;
  request(request: PublishingRequest, at?: TestGateway): Promise<PublisherResponse>;
  read(): Promise<PublisherResponse>;
  audited(response: PublisherResponse): Promise<AuditLine>;
}

/** Exchanges the ID token at the gateway. `host`: a name of the loopback interface that the service has as host. */
export async function exchangeForPublisher(
  format: PublishingFormat,
  gateway: TestGateway,
  idToken: string,
  host: '127.0.0.1' | 'localhost' = '127.0.0.1',
): Promise<Publisher> {
  const { path, method, headers, body } = format.exchange(idToken);
  const exchanged = await fetch(`http://${host}:${gateway.port}${path}`, {
    method,
    headers,
    body: String(body),
  });
  const token = format.tokenOf((await exchanged.json()) as Readonly<Record<string, unknown>>);
  if (typeof token !== 'string') throw new Error(`the exchange has no token: ${exchanged.status}`);
  return createPublisher(format, gateway, token, host);
}

/** A client with this token. */
export function createPublisher(
  format: PublishingFormat,
  gateway: TestGateway,
  token: string,
  host = '127.0.0.1',
): Publisher {
  const request: Publisher['request'] = async ({ path: below, headers, body, ...rest }, at = gateway) => {
    const response = await fetch(`http://${host}:${at.port}/${format.type}/${below}`, {
      ...rest,
      ...(body !== undefined && { body: new Uint8Array(Buffer.from(body)) }),
      headers: { ...headers, ...format.authorization(token) },
    });
    return {
      status: response.status,
      body: await response.text(),
      requestId: response.headers.get('x-request-id'),
      retryAfter: response.headers.get('retry-after'),
    };
  };
  return {
    token,
    push: (name, at) => request(format.push(name), at),
    request,
    read: () => request({ path: format.read, method: 'GET', headers: {} }),
    audited: ({ requestId }) => gateway.audited(requestId),
  };
}
