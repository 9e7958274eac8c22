import { z } from 'zod';
import {
  byteSize,
  cidr,
  delay,
  duration,
  filePath,
  hostName,
  listenAddress,
  listenAddressOrSocket,
  nonEmpty,
  timeout,
  url,
} from './scalars.ts';
import { fromVault } from './vault.ts';

const attempts = z.int().min(1).max(1_000_000);

const limits = z
  .strictObject({
    headerBytes: byteSize.default(32 * 1024).describe('Maximum size of a request head. Default 32KiB.'),
    headerCount: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('Maximum number of header fields of a request. Default 100.'),
    headersTimeout: timeout.default(15_000).describe('Maximum time to receive a request head. Default 15s.'),
    bodyIdle: timeout
      .default(60_000)
      .describe(
        'Aborts a body transfer, in either direction, that moves less than 1 KiB in this time. Default 60s.',
      ),
    keepAlive: timeout
      .default(75_000)
      .describe('How long an idle client connection stays open. Default 75s.'),
    connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe(
        'Maximum number of client connections, including idle ones; further connections are closed. While as many requests are in flight, a connection with a further pipelined request is closed. Default 10000.',
      ),
    connectionsPerAddress: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .describe(
        'Maximum number of connections per client address (IPv6: /64); trusted proxies are exempt. Default 1000.',
      ),
    drainDelay: delay
      .default(1_000)
      .describe(
        'Shutdown: how long connections are still accepted while /readyz reports not ready. Default 1s.',
      ),
    drain: timeout
      .default(8_000)
      .describe(
        'Shutdown: how long requests in flight may take after drainDelay before they are aborted. Default 8s.',
      ),
    authFailures: z
      .strictObject({
        perAddress: attempts
          .default(30)
          .describe('Different failed credentials per client address. Default 30.'),
        perName: attempts.default(10).describe('Different failed secrets per deploy token name. Default 10.'),
        window: duration
          .default(60_000)
          .describe('Interval in which failed attempts are counted. Default 60s.'),
      })
      .prefault({})
      .describe('Limits of failed attempts; further ones get 429. Valid credentials are still accepted.'),
  })
  .prefault({});

const consoleHostText = { error: 'must be a host name or an address, without port' };

const adminConsole = z
  .union([
    z.boolean(),
    z.strictObject({
      write: z
        .boolean()
        .default(false)
        .describe('true: after a login, revocations can be added and deleted. Default false.'),
    }),
  ])
  .default(true)
  .describe(
    'Web console at `/console/` of the admin listener. true: read-only. false: off. With a token it requires a login. Default true.',
  );

export const server = z.strictObject({
  listen: listenAddress
    .default('127.0.0.1:8080')
    .describe('Listen address for clients, ADDRESS:PORT. Default 127.0.0.1:8080.'),
  reusePort: z
    .boolean()
    .default(false)
    .describe(
      'true: several processes of one user share the address of `listen` (SO_REUSEPORT, Linux), so that the gateway uses more than one core. Requires `state.redis`, and a separate `admin.listen` per process. Default false.',
    ),
  publicUrl: url
    .optional()
    .describe(
      'URL of the gateway for clients, and the default audience. With https, URLs in responses have https for its host and for the hosts of services, also where TLS ends at a proxy. Default: from `listen`.',
    ),
  tls: z
    .strictObject({ certFile: filePath, keyFile: filePath })
    .optional()
    .describe('Certificate and private key (PEM files); reloaded on change. Default: plain HTTP.'),
  trustedProxies: z
    .array(cidr)
    .default([])
    .describe(
      'Networks of proxies whose Forwarded and X-Forwarded-* headers are trusted; lists are read from the right. Default: none.',
    ),
  admin: z
    .strictObject({
      listen: listenAddress
        .default('127.0.0.1:9090')
        .describe('Listen address for health and metrics, ADDRESS:PORT. Default 127.0.0.1:9090.'),
      token: nonEmpty.optional().describe('Bearer token for the admin endpoints; prefer tokenFile.'),
      tokenFile: filePath
        .optional()
        .describe(
          'File with the bearer token. One of `token`, `tokenFile` and `tokenFromVault` is required when `listen` is not loopback.',
        ),
      tokenFromVault: fromVault.optional(),
      console: adminConsole,
      hosts: z
        .array(z.union([hostName, z.ipv4(), z.ipv6()], consoleHostText))
        .default([])
        .describe(
          'Host names and addresses of the console without port, in addition to localhost and loopback addresses; requests to `/console/` with another Host get 421. Requires a token. Default: none.',
        ),
    })
    .prefault({}),
  authorizer: z
    .strictObject({
      listen: listenAddressOrSocket.describe(
        'Listen address for proxies, ADDRESS:PORT or unix:/PATH. Accepted peers: this machine, `trustedProxies`, or holders of a client certificate.',
      ),
      tls: z
        .strictObject({
          certFile: filePath,
          keyFile: filePath,
          clientCaFile: filePath
            .optional()
            .describe(
              'Certificate authorities (PEM) of the proxies. With it, every peer must present a client certificate. Default: none.',
            ),
        })
        .optional()
        .describe('Certificate and private key (PEM files); reloaded on change. Default: plain HTTP.'),
    })
    .optional()
    .describe(
      'External authorization: nginx, Traefik, Caddy, Envoy and HAProxy ask here whether they may forward a request. Default: disabled.',
    ),
  limits,
});

export const logs = z
  .strictObject({
    level: z
      .enum(['info', 'warn', 'error', 'off'])
      .default('info')
      .describe('Minimum level of the application log on stderr. Default info.'),
    access: z
      .boolean()
      .default(false)
      .describe('true: writes one access log line per request to stdout. Default false.'),
  })
  .prefault({});

export const audit = z
  .strictObject({
    enabled: z.boolean().default(true).describe('true: writes one audit event per request. Default true.'),
    file: filePath.optional().describe('Audit log file. Default: stdout.'),
    required: z
      .boolean()
      .default(false)
      .describe(
        'true: requests are refused (503) while 3 MiB or more of the audit log are not written. Default false.',
      ),
    claims: z
      .enum(['used', 'none'])
      .default('used')
      .describe(
        'used: events contain the claims that the policy refers to, at most 2 KiB. none: they contain none. Default used.',
      ),
  })
  .prefault({});
