import { request as plain } from 'node:http';
import { request as encrypted } from 'node:https';

export interface ProbeRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one request on a new connection and resolves to the status. Certificates of the bench are self-signed. */
export function probe(url: string, { method = 'GET', headers = {} }: ProbeRequest = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? encrypted : plain;
    const options = {
      method,
      headers: { ...headers },
      agent: false,
      timeout: 5_000,
      rejectUnauthorized: false,
    };
    const call = send(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('timeout', () => call.destroy(new Error(`no response from ${url}`)));
    call.once('error', reject).end();
  });
}
