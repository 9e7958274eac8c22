import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createClientFacts } from '../../../src/http/client-facts.ts';
import { compileNetworks } from '../../../src/http/networks.ts';

function request(peer: string, headers: Readonly<Record<string, string[]>>): IncomingMessage {
  return { socket: { remoteAddress: peer }, rawHeaders: rawHeaders(headers) } as unknown as IncomingMessage;
}

/** As node:http has them: the client's spelling, and one pair for each line. */
function rawHeaders(headers: Readonly<Record<string, string[]>>): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    values.flatMap((value) => [name.toUpperCase(), value]),
  );
}

const TRUSTED = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'];

test.each([
  [
    'an untrusted peer is the client',
    '203.0.113.9',
    { 'x-forwarded-for': ['1.1.1.1'] },
    '203.0.113.9',
    'http',
  ],
  ['no header: the proxy itself', '10.0.0.1', {}, '10.0.0.1', 'http'],
  [
    'the rightmost that is no proxy',
    '10.0.0.1',
    { 'x-forwarded-for': ['1.1.1.1, 203.0.113.9'] },
    '203.0.113.9',
    'http',
  ],
  [
    'proxies are passed over',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9, 10.2.3.4, 192.0.2.7'] },
    '203.0.113.9',
    'http',
  ],
  [
    'several lines are one list',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9', '10.2.3.4'] },
    '203.0.113.9',
    'http',
  ],
  ['nonsense ends the search', '10.0.0.1', { 'x-forwarded-for': ['203.0.113.9, admin'] }, '10.0.0.1', 'http'],
  ['all are proxies: the leftmost', '10.0.0.1', { 'x-forwarded-for': ['10.9.9.9'] }, '10.9.9.9', 'http'],
  ['IPv6 proxy and client', '2001:db8::1', { 'x-forwarded-for': ['2001:dead::5'] }, '2001:dead::5', 'http'],
  ['dual-stack peer', '::ffff:10.0.0.1', { 'x-forwarded-for': ['203.0.113.9'] }, '203.0.113.9', 'http'],
  ['with port', '10.0.0.1', { 'x-forwarded-for': ['203.0.113.9:4711'] }, '203.0.113.9', 'http'],
  ['Forwarded', '10.0.0.1', { forwarded: ['for="[2001:dead::5]:80";proto=https'] }, '2001:dead::5', 'https'],
  [
    'the nearest element of Forwarded says the proto',
    '10.0.0.1',
    { forwarded: ['for=1.1.1.1;proto=https, for=203.0.113.9;proto=http'] },
    '203.0.113.9',
    'http',
  ],
  [
    'both families agree',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9'], forwarded: ['for=203.0.113.9'] },
    '203.0.113.9',
    'http',
  ],
  [
    'both families, and they disagree: neither',
    '10.0.0.1',
    { 'x-forwarded-for': ['9.9.9.9'], forwarded: ['for=203.0.113.9;proto=https'] },
    '10.0.0.1',
    'http',
  ],
  ['proto of the nearest proxy', '10.0.0.1', { 'x-forwarded-proto': ['http, https'] }, '10.0.0.1', 'https'],
  [
    'the proto is read through trusted proxies',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9, 10.2.3.4'], 'x-forwarded-proto': ['https,http'] },
    '203.0.113.9',
    'https',
  ],
  [
    'a proto that the client put in front is not read',
    '10.0.0.1',
    { 'x-forwarded-for': ['10.2.3.4, 203.0.113.9'], 'x-forwarded-proto': ['https', 'http'] },
    '203.0.113.9',
    'http',
  ],
  [
    'one proto stands for all trusted proxies',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9, 10.2.3.4'], 'x-forwarded-proto': ['https'] },
    '203.0.113.9',
    'https',
  ],
  [
    'more protos than addresses',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9'], 'x-forwarded-proto': ['https, https, http'] },
    '203.0.113.9',
    'http',
  ],
  [
    'an unknown proto in the list',
    '10.0.0.1',
    { 'x-forwarded-for': ['203.0.113.9, 10.2.3.4'], 'x-forwarded-proto': ['gopher, https'] },
    '203.0.113.9',
    'https',
  ],
  [
    'the proto of Forwarded is read through trusted proxies',
    '10.0.0.1',
    { forwarded: ['for=203.0.113.9;proto=https, for=10.2.3.4;proto=http'] },
    '203.0.113.9',
    'https',
  ],
  ['an unknown proto', '10.0.0.1', { 'x-forwarded-proto': ['gopher'] }, '10.0.0.1', 'http'],
] as const)('%s', (_name, peer, headers, address, proto) => {
  const facts = createClientFacts(compileNetworks(TRUSTED), 'http');
  expect(facts(request(peer, headers as unknown as Record<string, string[]>))).toEqual({ address, proto });
});

test('without trusted proxies forwarding headers are ignored', () => {
  const facts = createClientFacts(compileNetworks([]), 'https');
  const req = request('10.0.0.1', { 'x-forwarded-for': ['1.1.1.1'], 'x-forwarded-proto': ['http'] });
  expect(facts(req)).toEqual({ address: '10.0.0.1', proto: 'https' });
});

test('a connection tells clients apart only where no trusted proxy is between', () => {
  const facts = createClientFacts(compileNetworks(TRUSTED), 'http');
  const via = (peer: string): IncomingMessage =>
    ({
      socket: { remoteAddress: peer, remotePort: 40_000 },
      rawHeaders: ['Host', 'gateway.example.com', 'X-Forwarded-For', '203.0.113.9'],
    }) as unknown as IncomingMessage;
  expect(facts(via('203.0.113.7')).port).toBe(40_000);
  expect(facts(via('10.0.0.1')).port).toBeUndefined();
});
