export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A Unix domain socket. */
export interface SocketPath {
  readonly path: string;
}

/** `unix:/PATH` → the socket. Undefined for `ADDRESS:PORT`. */
export function parseSocketPath(text: string): SocketPath | undefined {
  return text.startsWith('unix:') ? { path: text.slice('unix:'.length) } : undefined;
}

/** `127.0.0.1:8080`, `[::1]:0`, `:8080` (every address) → host and port. The text has passed the schema. */
export function parseListenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host: host === '' ? '::' : host, port: Number(text.slice(colon + 1)) };
}

/** The form in a URL: IPv6 in brackets. */
export function formatListenAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
