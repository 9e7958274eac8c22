import type {
  Classification,
  Protocol,
  RequestedOperations,
  UnknownOperation,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { compileGlob } from '../../util/text/glob.ts';
import { quotedString } from '../shared/challenge.ts';
import { keepsPathParameters, readingsOf, type PathSettings } from '../shared/path-parameters.ts';
import { jsonRefusal } from '../shared/refusal.ts';
import { isKubectl, kubernetesStatus } from './kubernetes-status.ts';

export interface HttpSettings extends PathSettings {
  readonly operations?:
    | readonly {
        readonly scope: string;
        readonly methods: readonly string[];
        readonly paths?: readonly string[] | undefined;
        /** The entry also matches WebSocket handshakes. */
        readonly webSocket?: boolean | undefined;
      }[]
    | undefined;
  /** Absent or false: WebSocket handshakes are refused. */
  readonly webSockets?: object | false | undefined;
  readonly errorFormat?: 'json' | 'kubernetes' | undefined;
  /** URL of the protected-resource metadata by the host of a request. Absent: challenges have none. */
  readonly resourceMetadata?: ((host: string) => string | undefined) | undefined;
}

/**
 * An HTTP API. The first matching entry of the service's `operations` gives the scope; the path is the
 * resource.
 */
export function httpProtocol(settings: HttpSettings): Protocol {
  const rules = (settings.operations ?? DEFAULT_OPERATIONS).map((operation) => ({
    scope: operation.scope,
    methods: new Set(operation.methods.map((method) => method.toUpperCase())),
    paths: operation.paths?.map((pattern) => compileGlob(pattern)),
    webSocket: operation.webSocket === true,
  }));
  const prefix = settings.path.length - 1;

  function classify(head: RequestHead): Classification {
    const [literal, ...others] = readingsOf(head, prefix === 0 ? head.path : head.path.slice(prefix));
    const requested = classifyAs(head, literal);
    if (requested.kind !== 'operations') return requested;
    // Each reading can have another scope.
    const operations = [...requested.operations];
    for (const reading of others) {
      const other = classifyAs(head, reading);
      if (other.kind !== 'operations') return other;
      operations.push(...other.operations);
    }
    return { kind: 'operations', operations };
  }

  function classifyAs(head: RequestHead, resource: string): RequestedOperations | UnknownOperation {
    // A handshake is a GET, but the connection can do more than read: `kubectl exec` uses one.
    const handshake = head.webSocket === true;
    if (head.spdy === true) return SPDY;
    for (const { scope, methods, paths, webSocket } of rules) {
      if (handshake && !webSocket) continue;
      if (!methods.has(head.method)) continue;
      if (paths !== undefined && !paths.some((path) => path.test(resource))) continue;
      return { kind: 'operations', operations: [{ scope, resource, extent: 'one' }] };
    }
    const detail = handshake
      ? 'no operation of the service with webSocket: true matches a WebSocket handshake on this path'
      : `no operation of the service matches ${head.method} on this path`;
    return { kind: 'unknown', detail };
  }

  return {
    credentialSources: ['bearer', 'basic', 'job-token', 'deploy-token'],
    credentialQueryParameters: [],
    webSockets: settings.webSockets !== undefined && settings.webSockets !== false,
    pathParameters: keepsPathParameters(settings),
    classify,
    challenge({ host, operations, error }) {
      const scope = [...new Set(operations.map((operation) => operation.scope))].join(' ');
      const metadata = settings.resourceMetadata?.(host);
      return (
        `Bearer realm=${quotedString(host)}` +
        (error === undefined ? '' : `, error=${quotedString(error)}`) +
        (scope === '' ? '' : `, scope=${quotedString(scope)}`) +
        // RFC 9728 §5.1
        (metadata === undefined ? '' : `, resource_metadata=${quotedString(metadata)}`)
      );
    },
    refusal(text, accept) {
      // kubectl falls back to SPDY after a refused WebSocket, and prints a Status only.
      const isKubernetes =
        settings.errorFormat === 'kubernetes' ||
        text.head?.spdy === true ||
        isKubectl(text.userAgent, accept);
      return isKubernetes ? kubernetesStatus(text, accept) : jsonRefusal(text, accept);
    },
  };
}

/** The scopes that requests of a service can need. */
export function httpScopes({ operations = DEFAULT_OPERATIONS }: Pick<HttpSettings, 'operations'>): string[] {
  return [...new Set(operations.map(({ scope }) => scope))];
}

const SPDY: UnknownOperation = {
  kind: 'unknown',
  detail: 'the request offers a switch to SPDY, which is not forwarded',
  message:
    'The request switches to SPDY, which the gateway does not forward. kubectl exec, attach, cp and port-forward use WebSockets since version 1.31 and fall back to SPDY if the WebSocket is refused. Check that kubectl is current, and that your identity has the scope "websocket" for this path.',
};

const DEFAULT_OPERATIONS: NonNullable<HttpSettings['operations']> = [
  { scope: 'read_api', methods: ['GET', 'HEAD', 'OPTIONS'] },
  { scope: 'write_api', methods: ['POST', 'PUT', 'PATCH', 'DELETE'] },
  { scope: 'websocket', methods: ['GET'], webSocket: true },
];
