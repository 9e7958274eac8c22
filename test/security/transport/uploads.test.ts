/** N1: uploads that the upstream answers early, interrupts or does not read (threats.md). */
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { useWireScenario } from '../../support/scenario/wire.ts';
import { loopTurns } from '../../support/wire/loop-turns.ts';

const MIB = 1024 * 1024;

const hasty = useWireScenario({ upstream: 'timeouts: { headers: 400ms, idle: 400ms }' });

/** The head of an upload of so many bytes. */
function uploadHead(tag: string, length: number): string {
  return hasty.request(`POST /orders/${tag}`, [`Content-Length: ${length}`], '');
}

test('N1 an interim response during a slow upload starts no time limit', async () => {
  const tag = hasty.tag();
  const client = await hasty.connect();
  client.write(`${uploadHead(tag, 10)}a`);
  await eventually('the head', () => hasty.upstream.bytes().includes(tag));
  hasty.upstream.interrupt((socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'));
  const until = performance.now() + 1_500;
  await eventually('the time limit of the response head', () => performance.now() > until);
  client.write('bcdefghij');
  const got = await client.next();
  expect(got?.status).toBe(200);
});

test('N1 an upstream that neither reads nor writes after an early response ends the request', async () => {
  const tag = hasty.tag();
  const client = await hasty.connect();
  client.write(`${uploadHead(tag, 64 * MIB)}a`);
  await eventually('the head', () => hasty.upstream.bytes().includes(tag));
  hasty.upstream.interrupt((socket) => socket.pause());
  client.write('b'.repeat(32 * MIB));
  await loopTurns(200);
  hasty.upstream.interrupt((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab'));
  const begun = await client.begun(1);
  expect(begun.status).toBe(200);
  const got = await client.next();
  expect(got?.complete).toBe(false);
  const [event] = await hasty.events([got]);
  expect(event?.event.reason).toBe('upstream_timeout');
});
