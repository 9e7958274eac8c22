import { z } from 'zod';
import {
  byteSize,
  cidr,
  delay,
  duration,
  filePath,
  listenAddress,
  nonEmpty,
  timeout,
  url,
} from './scalars.ts';

const attempts = z.int().min(1).max(1_000_000);

const limits = z
  .strictObject({
    headerBytes: byteSize.default(32 * 1024).describe('Of a request’s head. Default 32KiB.'),
    headerCount: z.int().min(1).max(1000).default(100).describe('Header lines of a request. Default 100.'),
    headersTimeout: timeout.default(15_000).describe('For a request’s head to arrive. Default 15s.'),
    bodyIdle: timeout
      .default(60_000)
      .describe('A body, in or out, that moves less than 1 KiB in this time is cut. Default 60s.'),
    keepAlive: timeout.default(75_000).describe('An idle connection is kept this long. Default 75s.'),
    connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe('Client connections, idle ones included; beyond it new ones are closed. Default 10000.'),
    connectionsPerAddress: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .describe('The same of one client address (IPv6: /64); trusted proxies have no limit. Default 1000.'),
    drainDelay: delay
      .default(1_000)
      .describe(
        'At shutdown, connections are still accepted for this long, but /readyz says no. Default 1s.',
      ),
    drain: timeout
      .default(8_000)
      .describe('After that, requests in flight have this long to finish; then they are cut. Default 8s.'),
    authFailures: z
      .strictObject({
        perAddress: attempts.default(30).describe('Of one client address. Default 30.'),
        perName: attempts.default(10).describe('Of one deploy-token name. Default 10.'),
        window: duration.default(60_000).describe('In which they count. Default 60s.'),
      })
      .prefault({})
      .describe('Failed attempts until 429; a valid credential still works.'),
  })
  .prefault({});

export const server = z.strictObject({
  listen: listenAddress
    .default('127.0.0.1:8080')
    .describe('ADDRESS:PORT for clients. Default 127.0.0.1:8080.'),
  publicUrl: url.optional().describe('Where clients find the gateway; the default audience.'),
  tls: z
    .strictObject({ certFile: filePath, keyFile: filePath })
    .optional()
    .describe('PEM files; re-read on change. Default: plain HTTP.'),
  trustedProxies: z
    .array(cidr)
    .default([])
    .describe('Networks whose Forwarded and X-Forwarded-* headers count. Default: none.'),
  admin: z
    .strictObject({
      listen: listenAddress
        .default('127.0.0.1:9090')
        .describe('ADDRESS:PORT for health and metrics. Default 127.0.0.1:9090.'),
      token: nonEmpty.optional().describe('Bearer token; rather give tokenFile.'),
      tokenFile: filePath.optional().describe('Required when `listen` is not loopback.'),
    })
    .prefault({}),
  limits,
});

export const logs = z
  .strictObject({
    level: z.enum(['info', 'warn', 'error', 'off']).default('info').describe('Application log, on stderr.'),
    access: z.boolean().default(false).describe('One line per request on stdout.'),
  })
  .prefault({});

export const audit = z
  .strictObject({
    enabled: z.boolean().default(true).describe('One event per request. Default true.'),
    file: filePath.optional().describe('Default: stdout.'),
    required: z
      .boolean()
      .default(false)
      .describe('true: requests are refused (503) while the audit trail cannot be written.'),
  })
  .prefault({});
