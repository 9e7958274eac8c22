import { rawResponse, type RawResponse } from '../raw-client.ts';

export const ADMIN_TOKEN = 'canary-admin-token';

export interface ConsoleRequest {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  /** The fields of a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly cookie?: string | undefined;
}

/** Sends one request to the admin listener as raw HTTP/1.1, because HTTP clients normalise. */
export function askConsole(
  adminUrl: string,
  path: string,
  { method, host, headers = [], form, cookie }: ConsoleRequest = {},
): Promise<RawResponse> {
  const { port } = new URL(adminUrl);
  const body = form === undefined ? '' : new URLSearchParams(form).toString();
  const lines = [
    `${method ?? (form === undefined ? 'GET' : 'POST')} ${path} HTTP/1.1`,
    `Host: ${host ?? `127.0.0.1:${port}`}`,
    'Accept: text/html',
    'Connection: close',
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    ...(form === undefined
      ? []
      : ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${Buffer.byteLength(body)}`]),
    ...headers,
  ];
  return rawResponse(Number(port), `${lines.join('\r\n')}\r\n\r\n${body}`, { quiet: 10_000 });
}

/** The `NAME=VALUE` of the session cookie that a login sets. */
export async function logIn(adminUrl: string, token = ADMIN_TOKEN): Promise<string> {
  const response = await askConsole(adminUrl, '/console/login', { form: { token } });
  const cookie = response.headers.get('set-cookie')?.split(';', 1)[0];
  if (cookie === undefined) throw new Error(`login: ${response.status}`);
  return cookie;
}

/** The CSRF token of the forms on a page. */
export function csrfOf({ body }: RawResponse): string {
  const value = /name="csrf" value="([^"]+)"/.exec(body)?.[1];
  if (value === undefined) throw new Error('the page has no form');
  return value;
}
