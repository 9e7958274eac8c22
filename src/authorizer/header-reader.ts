import { deny, type Deny } from '../core/decision.ts';
import { REQUEST_HEADERS, type RequestHeaderRole } from '../core/headers/request-header-roles.ts';
import { foldLoosely } from '../util/http/header-name.ts';
import { compileHeaderNames } from '../util/http/header-names.ts';
import { cacheByName } from '../util/http/name-cache.ts';

/** The headers of a subrequest: the inputs of its contract, and the headers of the client. */
export interface SubrequestHeaders<Input extends string> {
  /** The values of the inputs. Undefined if an input is absent; repeated ones are joined with a comma. */
  readonly inputs: Readonly<Partial<Record<Input, string>>>;
  /** The client's headers, without inputs and headers of the connection between proxy and gateway. */
  readonly client: string[];
  readonly webSocket: boolean;
  readonly spdy: boolean;
  readonly refusal: Deny | undefined;
}

/**
 * Compiles the reader of a contract's headers. `inputs`: lowercase names; `lists`: those that a proxy may send more than
 * once. `ignored`: patterns of other headers that the proxy sets.
 */
export function createHeaderReader<Input extends string>(
  inputs: readonly Input[],
  { lists, ignored = [] }: { readonly lists: readonly Input[]; readonly ignored?: readonly string[] },
): (rawHeaders: readonly string[]) => SubrequestHeaders<Input> {
  const repeatable = new Set<string>(lists);
  const find = compileHeaderNames<Role>([...CLIENT_ROLES, [ignored, CONNECTION]]);

  const roleOf = cacheByName((name): Role | Input => {
    const loose = foldLoosely(name);
    const input = inputs.find((each) => each === loose);
    if (input === undefined) return find(loose) ?? CLIENT;
    // A proxy may replace only the usual spelling of a header that the client sent.
    return input === name.toLowerCase() ? input : VARIANT;
  });

  return function readHeaders(rawHeaders) {
    const values: Partial<Record<Input, string>> = {};
    const client: string[] = [];
    let webSocket = false;
    let spdy = false;
    let refusal: Deny | undefined;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      const value = rawHeaders[i + 1] ?? '';
      const role = roleOf(name);
      switch (role) {
        case CLIENT:
          client.push(name, value);
          break;
        case CONNECTION:
          break;
        case HANDSHAKE:
          webSocket = true;
          client.push(name, value);
          break;
        case UPGRADE: {
          const protocol = value.trim().toLowerCase();
          if (protocol === 'websocket') webSocket = true;
          else if (protocol.startsWith('spdy/')) spdy = true;
          else refusal = OTHER_PROTOCOL;
          break;
        }
        case CREDENTIAL:
          if (value.includes(',')) refusal = JOINED;
          client.push(name, value);
          break;
        case VARIANT:
          refusal = OTHER_SPELLING;
          break;
        default: {
          const earlier = values[role];
          if (earlier === undefined) values[role] = value;
          else if (repeatable.has(role)) values[role] = `${earlier},${value}`;
          else refusal = deny('request_malformed', `the subrequest has more than one ${role}`);
        }
      }
    }
    return { inputs: values, client, webSocket, spdy, refusal };
  };
}

const CLIENT = 0;
const CONNECTION = 1;
const HANDSHAKE = 2;
const UPGRADE = 3;
const CREDENTIAL = 4;
const VARIANT = 5;

type Role =
  typeof CLIENT | typeof CONNECTION | typeof HANDSHAKE | typeof UPGRADE | typeof CREDENTIAL | typeof VARIANT;

const CLIENT_ROLES: readonly (readonly [names: readonly string[], role: Role])[] = [
  [namesOf('credential'), CREDENTIAL],
  [namesOf('framing'), CONNECTION],
  [['Sec-WebSocket-Key', 'Sec-WebSocket-Version'], HANDSHAKE],
  // One of the framing headers; the last list with a name applies.
  [['Upgrade'], UPGRADE],
];

function namesOf(wanted: RequestHeaderRole): readonly string[] {
  return REQUEST_HEADERS.flatMap(({ role, names }) => (role === wanted ? names : []));
}

/** A proxy may forward the offer, and a switched connection carries requests that it does not see. */
const OTHER_PROTOCOL = deny('request_malformed', 'an offer to switch to a protocol other than WebSocket');
/** Envoy joins repeated headers; no credential contains a comma. */
const JOINED = deny('credential_conflict', 'a credential header with a comma');
const OTHER_SPELLING = deny('request_malformed', 'a header that reads as one of the proxy');
