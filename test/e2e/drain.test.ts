/** D8: a process that stops under load resets no connection and loses no audit event. */
import { Agent, type IncomingMessage } from 'node:http';
import process from 'node:process';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene, type ProcessScene } from '../support/scenario/orders-process.ts';

const keep = cleanUp();

const PIECE = Buffer.alloc(64 * 1024, 'x');
const PIECES = 120;

async function scene(limits: string): Promise<ProcessScene> {
  return keep(
    await startProcessScene({
      limits,
      respond: (req, res) => {
        if (req.method === 'GET') return void res.end('ok');
        let bytes = 0;
        req.on('data', (chunk: Buffer) => (bytes += chunk.length));
        req.on('end', () => res.end(String(bytes)));
        req.on('error', () => undefined);
      },
    }),
  );
}

/** Takes about six seconds, longer than the drain delay. */
function slowBody(): Readable {
  return Readable.from(
    (async function* () {
      for (let sent = 0; sent < PIECES; sent++) {
        yield PIECE;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })(),
  );
}

test('D8 SIGTERM under load: uploads complete, keep-alive connections are closed, every response has an audit event', async () => {
  const { gateway, ask, audited } = await scene('drainDelay: 3s, drain: 20s');
  const ids: string[] = [];
  const problems: string[] = [];
  let connectionsClosedByAnswer = 0;
  const take = async (answer: IncomingMessage): Promise<string> => {
    ids.push(String(answer.headers['x-request-id']));
    if (answer.headers.connection === 'close') connectionsClosedByAnswer += 1;
    return `${answer.statusCode} ${await text(answer)}`;
  };

  /** A load balancer's pool: full speed on one kept-alive connection, and no new one once the replica is not ready. */
  let ready = true;
  async function loop(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let closed = false; ready || !closed;) {
      await ask('GET', { agent }).then(
        async (answer) => {
          closed = answer.headers.connection === 'close';
          const said = await take(answer);
          if (said !== '200 ok') problems.push(said);
        },
        (error: NodeJS.ErrnoException) => {
          closed = true;
          problems.push(error.code ?? error.message);
        },
      );
    }
    agent.destroy();
  }

  const uploads = Array.from({ length: 4 }, async () => take(await ask('PUT', { body: slowBody() })));
  const loops = Array.from({ length: 6 }, loop);
  await eventually('traffic', () => ids.length > 100, 20_000);

  const exited = gateway.signal('SIGTERM');
  await eventually('not ready', async () => (await fetch(`${gateway.adminUrl}/readyz`)).status === 503);
  ready = false;
  // New requests are served during the drain delay.
  const late = await ask('GET');
  expect(late.headers.connection).toBe('close');
  expect(await take(late)).toBe('200 ok');

  const whole = `200 ${PIECES * PIECE.length}`;
  const [uploaded] = await Promise.all([Promise.allSettled(uploads), Promise.all(loops)]);
  expect(uploaded).toEqual(uploads.map(() => ({ status: 'fulfilled', value: whole })));
  expect(problems).toEqual([]);
  expect(connectionsClosedByAnswer).toBeGreaterThanOrEqual(6);
  expect(await exited).toBe(0);
  const lines = audited();
  expect(new Set(lines).size).toBe(lines.length);
  expect(ids.filter((id) => !lines.includes(id))).toEqual([]);
  expect(lines.length).toBe(ids.length);
}, 60_000);

test('D8 an idle connection is closed, not reset; an active one is aborted at the deadline and logged', async () => {
  const { gateway, head, inFlight, audited } = await scene('drainDelay: 300ms, drain: 500ms');
  const idle = await openConversation(gateway.port);
  idle.write(`${head('GET')}\r\n`);
  await eventually('its response', () => idle.received().endsWith('ok'));
  const stuck = await openConversation(gateway.port);
  stuck.write(`${head('PUT')}Content-Length: 10\r\n\r\n12345`);
  await inFlight(1);
  expect(await gateway.signal('SIGTERM')).toBe(0);
  expect((await idle.answers()).length).toBe(1);
  expect(idle.error()).toBeUndefined();
  expect(audited()).toHaveLength(2);
  expect(gateway.output().stdout).toContain('"aborted":true');
});

test('D8 a second signal aborts requests in flight; the audit log is still complete', async () => {
  const { gateway, head, inFlight, audited } = await scene('drainDelay: 20s, drain: 20s');
  const stuck = await openConversation(gateway.port);
  stuck.write(`${head('PUT')}Content-Length: 10\r\n\r\n12345`);
  await inFlight(1);
  const began = performance.now();
  const exited = gateway.signal('SIGTERM');
  await eventually('it drains', () => gateway.log().some(({ message }) => message.startsWith('stopping')));
  process.kill(gateway.pid, 'SIGINT');
  expect(await exited).toBe(0);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(audited()).toHaveLength(1);
});
