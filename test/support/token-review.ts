import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenReviews {
  readonly url: string;
  /** The reviewed tokens. */
  readonly reviewed: readonly string[];
  close(): Promise<void>;
}

/** The TokenReview API of Kubernetes (authentication.k8s.io/v1) for the tokens of one service account. */
export async function startTokenReviews(
  isValid: (token: string) => boolean,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
): Promise<TokenReviews> {
  const reviewed: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const review = JSON.parse(body) as { spec: { token: string; audiences?: readonly string[] } };
      const { token, audiences = [] } = review.spec;
      reviewed.push(token);
      const username = `system:serviceaccount:${namespace}:${name}`;
      const groups = [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ];
      const status = isValid(token)
        ? { authenticated: true, user: { username, uid, groups }, audiences }
        : { authenticated: false, error: 'invalid bearer token' };
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...review, status }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reviewed,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
