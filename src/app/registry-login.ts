import type { VerifiedCredential } from '../core/credentials/credential.ts';
import type { Refusal } from '../core/decision.ts';
import type { RegistrySite } from '../token-service/index.ts';
import type { RateLimitedVerify, ServicePipeline } from '../gateway/index.ts';

type Authenticate = ServicePipeline['authenticate'];
type Member = Pick<ServicePipeline, 'name' | 'authenticate'>;
type Result = VerifiedCredential | Refusal;

/** The login of a host: verified by each of its registries for itself, and counted as one attempt. */
export function createLogIn(
  members: readonly Member[],
  verifyCredential: RateLimitedVerify,
): RegistrySite['logIn'] {
  return async function logIn(presented, from) {
    const services = new Map<string, VerifiedCredential>();
    const authenticate = async (...asked: Parameters<Authenticate>): Promise<Result> => {
      const results = await askEach(members, asked);
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

/** Accepts what one of the registries of a host accepts: for requests that concern none of them in particular. */
export function authenticateAtAny(members: readonly Member[]): Authenticate {
  return (...asked) => {
    const results = askEach(members, asked);
    return results instanceof Promise ? results.then(combine) : combine(results);
  };
}

/** All at once, so that they share one call to GitLab about the same token; synchronous where all of them are. */
function askEach(
  members: readonly Member[],
  asked: Parameters<Authenticate>,
): readonly Result[] | Promise<readonly Result[]> {
  const results = members.map((member) => member.authenticate(...asked));
  return results.every(isSettled) ? results : Promise.all(results.map(async (result) => result));
}

function isSettled(result: Result | Promise<Result>): result is Result {
  return !(result instanceof Promise);
}

/** Undecided at one of them is undecided; the first refusal stands for all where none accepts. */
function combine(results: readonly Result[]): Result {
  const undecided = results.find((result) => 'kind' in result && result.kind === 'unable');
  const combined = undecided ?? results.find((result) => !('kind' in result)) ?? results[0];
  if (combined === undefined) throw new TypeError('a host without a registry');
  return combined;
}
