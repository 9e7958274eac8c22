import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Refusal } from '../../core/decision.ts';
import type { RegistrySite } from '../../token-service/index.ts';
import type { RateLimitedVerify, ServicePipeline } from '../../gateway/index.ts';

type Authenticate = ServicePipeline['authenticate'];
type Member = Pick<ServicePipeline, 'name' | 'authenticate'>;
type Result = VerifiedCredential | Refusal;

/** The login of a host. Each registry verifies the credential; a failure counts as one attempt. */
export function createLogIn(
  members: readonly Member[],
  verifyCredential: RateLimitedVerify,
): RegistrySite['logIn'] {
  return async function logIn(presented, from) {
    const services = new Map<string, VerifiedCredential>();
    const authenticate = async (...parameters: Parameters<Authenticate>): Promise<Result> => {
      const results = await authenticateAtEach(members, parameters);
      for (const [index, result] of results.entries()) {
        const name = members[index]?.name;
        if (name !== undefined && !('kind' in result)) services.set(name, result);
      }
      return combine(results);
    };
    const credential = await verifyCredential(authenticate, presented, from);
    return 'kind' in credential ? credential : { credential, services };
  };
}

/** Accepts a credential of any registry of a host, for requests that concern no single registry. */
export function authenticateAtAny(members: readonly Member[]): Authenticate {
  return (...parameters) => {
    const results = authenticateAtEach(members, parameters);
    return results instanceof Promise ? results.then(combine) : combine(results);
  };
}

/** Runs in parallel, so that the registries share one GitLab request per token. Synchronous if all results are. */
function authenticateAtEach(
  members: readonly Member[],
  parameters: Parameters<Authenticate>,
): readonly Result[] | Promise<readonly Result[]> {
  const results = members.map((member) => member.authenticate(...parameters));
  return results.every(isSettled) ? results : Promise.all(results.map(async (result) => result));
}

function isSettled(result: Result | Promise<Result>): result is Result {
  return !(result instanceof Promise);
}

/** `unable` takes precedence, then a verified credential, then the first refusal. */
function combine(results: readonly Result[]): Result {
  const unable = results.find((result) => 'kind' in result && result.kind === 'unable');
  const combined = unable ?? results.find((result) => !('kind' in result)) ?? results[0];
  if (combined === undefined) throw new TypeError('the host has no registry');
  return combined;
}
