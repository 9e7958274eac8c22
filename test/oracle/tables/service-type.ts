/** A request of one protocol; `path` continues the path of the service. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A service type: its configuration and the requests that its clients send. */
export interface ServiceType {
  readonly type: string;
  /** Where its services are: `/npm/`. */
  readonly path: string;
  /** Undefined where the type takes no `path`. */
  readonly configuredPath: string | undefined;
  /** `deny: conceal` is no valid setting. */
  readonly cannotConceal?: true;
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Patterns of the resources that are granted. */
  readonly resources: readonly string[];
  /** Granted requests: one that reads and one that writes. */
  readonly reads: Route;
  readonly writes: Route;
  /** More requests of the protocol: granted, not granted, unknown. */
  readonly routes: readonly Route[];
  /** Media type and body of a response whose URLs the gateway rewrites; `UPSTREAM` is its address. */
  readonly document: { readonly route: Route; readonly type: string; readonly body: string };
}

export function get(path: string, ...headers: readonly string[]): Route {
  return { method: 'GET', path, headers };
}

export function head(path: string): Route {
  return { method: 'HEAD', path };
}

export function remove(path: string): Route {
  return { method: 'DELETE', path };
}

export function put(path: string, body = 'content', ...headers: readonly string[]): Route {
  return { method: 'PUT', path, body, headers };
}

export function post(path: string, body = '', ...headers: readonly string[]): Route {
  return { method: 'POST', path, body, headers };
}

export const JSON_TYPE = 'Content-Type: application/json';
export const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded';

export const PACKAGE_SCOPES = {
  read: ['read_package_registry'],
  write: ['write_package_registry'],
} as const;
