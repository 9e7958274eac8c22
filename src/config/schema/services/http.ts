import { z } from 'zod';
import { nonEmpty, timeout } from '../scalars.ts';
import { headerCredentialSources, pathKeys, serviceKeys, subrequestKeys } from '../service-keys.ts';

export const httpService = z.strictObject({
  type: z.literal('http').describe('An HTTP API. `operations` maps requests to scopes.'),
  ...serviceKeys,
  ...subrequestKeys,
  ...pathKeys,
  credentialSources: headerCredentialSources,
  errorFormat: z
    .enum(['json', 'kubernetes'])
    .default('json')
    .describe(
      'Body of refusals. kubernetes: a Status object of the Kubernetes API, for other clients than kubectl, which always gets one. Default: json.',
    ),
  webSockets: z
    .union([
      z.literal(false),
      z.strictObject({
        idle: timeout
          .default(300_000)
          .describe('Closes a WebSocket after this time without data in either direction. Default 5m.'),
        lifetime: timeout
          .default(3_600_000)
          .describe('Maximum duration of a WebSocket, idle or active. Default 1h.'),
      }),
    ])
    .prefault({})
    .describe(
      'Limits of WebSocket connections; false refuses handshakes. A handshake needs the scope `websocket`, or an entry of `operations` with `webSocket: true`.',
    ),
  operations: z
    .array(
      z.strictObject({
        scope: nonEmpty.describe('Scope that a matching request needs.'),
        methods: z.array(nonEmpty).min(1).describe('Uppercase HTTP methods, such as GET.'),
        paths: z
          .array(nonEmpty)
          .min(1)
          .optional()
          .describe('Path patterns relative to `path`, with a leading /. Default: all paths.'),
        webSocket: z
          .boolean()
          .default(false)
          .describe(
            'true: the entry also matches WebSocket handshakes (GET) on its paths. false: it matches no handshakes. Default false.',
          ),
      }),
    )
    .optional()
    .describe(
      'Scopes of requests. The first matching entry applies; a request without a match is denied. Default: read_api for GET, HEAD, OPTIONS; write_api for POST, PUT, PATCH, DELETE; websocket for WebSocket handshakes.',
    ),
});
