import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf } from '../loading.ts';

const upstream = (more: string, scheme = 'https'): string =>
  configuration({
    services: `{ orders: { type: http, path: /orders/, upstream: { url: ${scheme}://orders.internal/, ${more} } } }`,
  });
const limits = (more: string): string =>
  configuration({ server: `{ publicUrl: https://gateway.example.com, limits: { ${more} } }` });
const PAIR = 'clientCertificate: { certFile: crt, keyFile: key }';
const FILES = { crt: 'certificate', key: 'key' };

describe('upstream TLS', () => {
  test('a name, and a certificate whose files are made absolute', () => {
    const { services } = accepted(upstream(`serverName: orders.internal, ${PAIR}`), {}, FILES);
    expect(services[0]?.upstream).toMatchObject({
      serverName: 'orders.internal',
      clientCertificate: {
        certFile: expect.stringMatching(/^\/.*\/crt$/),
        keyFile: expect.stringMatching(/^\//),
      },
    });
  });

  test.each([
    [upstream('serverName: "orders.internal:8443"'), 'must be the name of a host'],
    [upstream('serverName: 10.0.0.1'), 'must be the name of a host'],
    [upstream('serverName: ""'), 'must be the name of a host'],
    [upstream('serverName: orders.internal', 'http'), 'serverName: has no effect with http://'],
    [upstream(PAIR, 'http'), 'clientCertificate: has no effect with http://'],
    [upstream('clientCertificate: { certFile: crt }'), 'clientCertificate.keyFile'],
    [upstream('clientCertificate: { certFile: crt, keyFile: none }'), 'none does not exist'],
    [upstream('connectionLifetime: 0s'), 'must be more than 0'],
  ])('%s', (yaml, problem) => {
    expect(errorsOf(yaml, {}, FILES)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('limits of the listener', () => {
  test('the defaults: a drain ends before docker stop kills', () => {
    const { drainDelay, drain, connections, connectionsPerAddress } = accepted(limits('')).server.limits;
    expect({ connections, connectionsPerAddress }).toEqual({
      connections: 10_000,
      connectionsPerAddress: 1_000,
    });
    expect(drainDelay).toBe(1_000);
    expect(drainDelay + drain).toBeLessThan(10_000);
  });

  test('no delay at all is one', () => {
    expect(accepted(limits('drainDelay: 0s')).server.limits.drainDelay).toBe(0);
  });

  test.each([
    ['drainDelay: 30d', 'must be at most 24d'],
    ['drainDelay: soon', 'must be a duration'],
    ['connections: 0', 'server.limits.connections'],
    ['connectionsPerAddress: 0.5', 'server.limits.connectionsPerAddress'],
  ])('%s', (given, problem) => {
    expect(errorsOf(limits(given))).toEqual([expect.stringContaining(problem)]);
  });
});
