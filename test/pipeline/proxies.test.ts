/** The client address behind a trusted proxy (threats H5, H6). */
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

const TRUSTED = 'trustedProxies: [127.0.0.0/8, 10.0.0.0/8]';

test.each<[string, string | undefined, readonly string[], { address: string; proto: string }]>([
  [
    'no proxy is trusted',
    undefined,
    ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'],
    { address: '127.0.0.1', proto: 'http' },
  ],
  [
    'no proxy is trusted, Forwarded',
    undefined,
    ['Forwarded: for=192.0.2.1;proto=https'],
    { address: '127.0.0.1', proto: 'http' },
  ],
  [
    'the peer is another',
    'trustedProxies: [10.0.0.0/8]',
    ['X-Forwarded-For: 192.0.2.1'],
    { address: '127.0.0.1', proto: 'http' },
  ],
  [
    'the peer is trusted',
    TRUSTED,
    ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'],
    { address: '192.0.2.1', proto: 'https' },
  ],
  ['nothing is forwarded', TRUSTED, [], { address: '127.0.0.1', proto: 'http' }],
  [
    'the client put one in front',
    TRUSTED,
    ['X-Forwarded-For: 198.51.100.7, 192.0.2.1'],
    { address: '192.0.2.1', proto: 'http' },
  ],
  [
    'two trusted ones in a row',
    TRUSTED,
    ['X-Forwarded-For: 192.0.2.1, 10.1.2.3'],
    { address: '192.0.2.1', proto: 'http' },
  ],
  [
    'on two lines',
    TRUSTED,
    ['X-Forwarded-For: 198.51.100.7', 'X-Forwarded-For: 192.0.2.1, 10.1.2.3'],
    { address: '192.0.2.1', proto: 'http' },
  ],
  [
    'RFC 7239',
    TRUSTED,
    ['Forwarded: for="[2001:db8::7]:4711";proto=https;by=10.0.0.1'],
    { address: '2001:db8::7', proto: 'https' },
  ],
  ['nonsense', TRUSTED, ['X-Forwarded-For: 192.0.2.1, unknown'], { address: '127.0.0.1', proto: 'http' }],
])('%s', async (_, server, headers, expected) => {
  const upstream = keep(await startRecordingUpstream());
  const scenario = keep(await startOrdersScenario(upstream.url, server === undefined ? {} : { server }));
  expect((await scenario.ask('GET', '/orders/x', headers)).status).toBe(200);
  const [received] = upstream.requests();
  expect(received?.headers.get('x-forwarded-for')).toEqual([expected.address]);
  expect(received?.headers.get('x-forwarded-proto')).toEqual([expected.proto]);
  expect(received?.headers.get('x-forwarded-host')).toEqual(['gateway.example.com']);
  expect(received?.headers.has('forwarded')).toBe(false);
  const [event] = await scenario.audit();
  expect(event).toMatchObject({ client: { address: expected.address } });
});
