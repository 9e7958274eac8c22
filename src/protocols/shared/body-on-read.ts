import { deny, type Deny } from '../../core/decision.ts';

/** Rack reads parameters from the body of any method, for example a service, a second project or other gems. */
export function bodyOnRead(): Deny {
  return deny('request_malformed', 'a GET or HEAD request with a body');
}
