import { z } from 'zod';
import { nonEmpty, timeout } from '../scalars.ts';
import { headerCredentialSources, serviceKeys, type ServiceTraits } from '../service-keys.ts';

export const httpService = z.strictObject({
  type: z.literal('http').describe('An API: what a request asks for stands in `operations`.'),
  ...serviceKeys,
  credentialSources: headerCredentialSources,
  webSockets: z
    .union([
      z.literal(false),
      z.strictObject({
        idle: timeout.default(300_000).describe('Without a byte in either direction. Default 5m.'),
        lifetime: timeout.default(3_600_000).describe('At most, whatever goes through it. Default 1h.'),
      }),
    ])
    .prefault({})
    .describe(
      'Limits of a WebSocket. A handshake needs the scope `websocket`, or an entry of `operations` with `webSocket: true`; false: handshakes are refused.',
    ),
  operations: z
    .array(
      z.strictObject({
        scope: nonEmpty,
        methods: z.array(nonEmpty).min(1),
        paths: z.array(nonEmpty).min(1).optional().describe('Below `path`, with a leading /. Default: all.'),
        webSocket: z
          .boolean()
          .default(false)
          .describe(
            'true: the entry also covers WebSocket handshakes (GET) on its paths. An entry without it covers none. Default false.',
          ),
      }),
    )
    .optional()
    .describe(
      'First match wins; no match = denied. Default: read_api for GET, HEAD, OPTIONS; write_api for POST, PUT, PATCH, DELETE; websocket for WebSocket handshakes.',
    ),
});

export const HTTP_TRAITS: ServiceTraits = {
  scopes: ['read_api', 'write_api', 'websocket'],
  resources: 'path',
};
