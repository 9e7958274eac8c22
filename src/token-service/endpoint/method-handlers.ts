import type { EndpointCall } from '../../core/request/endpoint.ts';
import type { EndpointOutcome } from './outcome.ts';

/** Handles one method of an endpoint. `body` is empty for GET and DELETE. */
export type MethodHandler = (call: EndpointCall, body: string) => Promise<EndpointOutcome>;

export interface MethodHandlers {
  readonly GET?: MethodHandler;
  readonly POST?: MethodHandler;
  readonly DELETE?: MethodHandler;
}
