/** The buffered response of a call to a test server. */
export interface Result {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export async function callApi(
  at: { readonly apiUrl: string },
  path: string,
  init: RequestInit = {},
): Promise<Result> {
  const response = await fetch(`${at.apiUrl}${path}`, { redirect: 'manual', ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Result['json']) : {},
  };
}

export function sending(headers: Record<string, string>, more: RequestInit = {}): RequestInit {
  return { ...more, headers };
}

export function basic(username: string, password: string): string {
  return `Basic ${btoa(`${username}:${password}`)}`;
}

export function formData(members: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(members)) form.set(name, value);
  return form;
}
