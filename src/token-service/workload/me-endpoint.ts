import type { Handle } from '../../core/request/endpoint.ts';
import type { Caller } from '../../core/decision.ts';
import type { Log } from '../../core/ports.ts';
import { apiErrorFormat, errorOfReason } from './error-format.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { jsonResponse, type ErrorFormat } from '../endpoint/outcome.ts';
import { authorizeCaller, type CallerPorts } from './authorize-caller.ts';
import { describeCredential } from './describe-credential.ts';

export interface GrantView {
  readonly service: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
}

export interface MePorts extends CallerPorts {
  readonly grantsOf: (caller: Caller) => readonly GrantView[];
  readonly log: Log;
}

/** `GET /v1/users/me`: the caller's identity and grants, the first request to send when access is denied. */
export function createMeEndpoint(ports: MePorts): Handle {
  return createBuiltInEndpoint(
    {
      async GET(call) {
        const caller = await authorizeCaller(call, ports);
        if ('kind' in caller) return caller;
        return jsonResponse('application/json', describe(caller, ports.grantsOf(caller)));
      },
    },
    ERRORS,
    ports.log,
  );
}

const API_ERRORS = apiErrorFormat(errorOfReason, true);

/** Without the hint of other endpoints, which names this one. */
const ERRORS: ErrorFormat = {
  ...API_ERRORS,
  write: (error, call) => API_ERRORS.write({ ...error, hint: undefined }, call),
};

function describe({ identity, roles, credential }: Caller, grants: readonly GrantView[]): object {
  const { minted } = credential;
  const { claims, ...properties } = describeCredential(credential);
  const name = minted?.workload ?? identity;
  return {
    name: `users/${name}`,
    ...(minted?.workload === undefined ? {} : { email: minted.workload }),
    title: identity,
    identity,
    ...properties,
    roles,
    grants,
    claims,
  };
}
