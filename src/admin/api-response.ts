import type { ServerResponse } from 'node:http';

/** A response of the admin API, independent of the server that writes it: node:http or Hono. */
export interface ApiResponse {
  readonly status: 200 | 401 | 421 | 429 | 500 | 503;
  readonly contentType: string;
  readonly body: string;
  /** In addition to the headers of every response. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers of every response of the admin API, in the spelling of the Fetch API. */
export const API_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** With a JSON body. */
export function apiResponse(
  status: ApiResponse['status'],
  content: object,
  headers: ApiResponse['headers'] = {},
): ApiResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(content), headers };
}

export function internalError(): ApiResponse {
  return apiResponse(500, { error: 'internal_error', message: 'See the log of the gateway.' });
}

export function notLoaded(): ApiResponse {
  return apiResponse(503, { error: 'unavailable', message: 'See the log of the gateway, and try again.' });
}

export function writeApiResponse(
  response: ServerResponse,
  { status, contentType, body, headers }: ApiResponse,
): void {
  response.writeHead(status, {
    'cache-control': API_HEADERS['cache-control'],
    'content-type': contentType,
    ...headers,
    'x-content-type-options': API_HEADERS['x-content-type-options'],
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
