import type { Caller, Refusal } from '../../core/decision.ts';
import type { EndpointCall, Handle } from '../../core/request/endpoint.ts';
import type { Log } from '../../core/ports.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { jsonResponse, type EndpointResponse } from '../endpoint/outcome.ts';
import { authorizeCaller, type CallerPorts } from './authorize-caller.ts';
import { apiErrorFormat, errorOfReason } from './error-format.ts';

export const SERVICES_PATH = '/v1/users/me/services';

/** A service on which the caller has a grant. */
export interface GrantedService {
  readonly name: string;
  readonly type: string;
  /** The base URL for clients. */
  readonly url: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

export interface ServicesPorts extends CallerPorts {
  readonly servicesOf: (caller: Caller, call: EndpointCall) => Promise<readonly GrantedService[] | Refusal>;
  readonly log: Log;
}

/** `GET /v1/users/me/services`: JSON, or TSV for scripts. */
export function createServicesEndpoint(ports: ServicesPorts): Handle {
  return createBuiltInEndpoint(
    {
      async GET(call) {
        const caller = await authorizeCaller(call, ports);
        if ('kind' in caller) return caller;
        const services = await ports.servicesOf(caller, call);
        if ('kind' in services) return services;
        return acceptsTsv(call) ? tsvResponse(services) : jsonResponse('application/json', services);
      },
    },
    apiErrorFormat(errorOfReason, true),
    ports.log,
  );
}

function acceptsTsv({ head }: EndpointCall): boolean {
  return /(?:^|,)\s*text\/tab-separated-values\s*(?:[;,]|$)/i.test(
    findHeader(head.rawHeaders, 'accept') ?? '',
  );
}

/** Lines without a header: name, type, URL, scopes, resources. Lists are separated by commas. */
function tsvResponse(services: readonly GrantedService[]): EndpointResponse {
  const lines = services.map(({ name, type, url, scopes, resources }) =>
    [
      escapeField(name),
      escapeField(type),
      escapeField(url).replaceAll('%3A', ':').replaceAll('%2F', '/'),
      scopes.map(escapeField).join(','),
      resources.map(escapeField).join(','),
    ].join('\t'),
  );
  const body = lines.map((line) => `${line}\n`).join('');
  return { kind: 'response', contentType: 'text/tab-separated-values; charset=utf-8', body };
}

/** Percent-encodes everything except unreserved characters (RFC 3986 §2.3), so that a field is inert in shells. */
function escapeField(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
