/** Each step of a shutdown ends in time, and each accepted request is accounted for. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene, type ProcessScene } from '../support/scenario/orders-process.ts';

const keep = cleanUp();

/** Responses to `/stream` start and do not end; others do not start. */
function respondNever(options: Partial<Parameters<typeof startProcessScene>[0]>): Promise<ProcessScene> {
  return startProcessScene({
    respond: (req, res) => void (req.url?.endsWith('stream') === true && res.write('x')),
    ...options,
  });
}

async function seconds(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return (performance.now() - began) / 1000;
}

test.each([['500ms'], ['3s']])('requests that a drain of %s cuts have an audit event each', async (drain) => {
  const scene = keep(await respondNever({ limits: `drainDelay: 10ms, drain: ${drain}` }));
  const asked = Array.from({ length: 20 }, (_, n) =>
    scene.ask('GET', { path: n % 2 === 0 ? 'stream' : 'x' }).then(
      (answer) => answer.on('error', () => undefined).resume(),
      () => undefined,
    ),
  );
  await scene.inFlight(20);
  expect(await scene.gateway.signal('SIGTERM')).toBe(0);
  await Promise.all(asked);
  expect(scene.audited()).toHaveLength(20);
  expect(scene.gateway.output().stdout.match(/"aborted":true/g)).toHaveLength(20);
});

test('an idle process with kept connections ends without waiting for the drain', async () => {
  const scene = keep(
    await startProcessScene({
      limits: 'drainDelay: 10ms, drain: 20s',
      respond: (_req, res) => void res.end('ok'),
    }),
  );
  const used = await openConversation(scene.gateway.port);
  used.write(`${scene.head('GET')}\r\n`);
  await eventually('its response', () => used.received().endsWith('ok'));
  const silent = await openConversation(scene.gateway.port);
  const took = await seconds(() => scene.gateway.signal('SIGTERM'));
  expect(took).toBeLessThan(10);
  expect([used.error(), silent.error()]).toEqual([undefined, undefined]);
});

/** The gateway's stdout is a pipe that this process opens and does not read. */
async function withStalledStdout(limits: string): Promise<{ scene: ProcessScene; reader: number }> {
  let reader = 0;
  const scene = await respondNever({
    limits,
    // Kept lines stay small, so that a pipe of 64 KiB is full after few requests.
    through: (folder) => {
      const pipe = join(folder, 'stdout');
      execFileSync('mkfifo', [pipe]);
      reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      return ['sh', '-c', `exec "$0" "$@" > ${pipe}`];
    },
  });
  keep(scene);
  for (let n = 0; n < 300; n++) {
    const answer = await fetch(`${scene.gateway.url}/none-${'x'.repeat(300)}`, { method: 'POST' });
    await answer.arrayBuffer();
  }
  return { scene, reader };
}

test.each([
  ['stalled', false],
  ['gone', true],
])('with a %s reader of the audit trail the process ends, and counts the lost lines', async (_, gone) => {
  const { scene, reader } = await withStalledStdout('drainDelay: 10ms, drain: 500ms');
  const metrics = await (await fetch(`${scene.gateway.adminUrl}/metrics`)).text();
  expect(Number(/^gatehouse_audit_buffered_bytes (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  if (gone) closeSync(reader);
  const took = await seconds(() => scene.gateway.signal('SIGTERM'));
  expect(took).toBeLessThan(5.5);
  const lost = scene.gateway.log().find(({ message }) => message === 'log lines were not written');
  expect(lost).toMatchObject({ output: 'stdout', 'log.level': 'error' });
  expect(lost?.['lines']).toBeGreaterThan(50);
  if (!gone) {
    // Written and lost lines are all of them; the last written line may be incomplete.
    const written = readAll(reader).split('\n').length - 1;
    expect(written + Number(lost?.['lines'])).toBe(300);
    closeSync(reader);
  }
});

function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  for (;;) {
    const bytes = readSync(fd, buffer);
    if (bytes === 0) return text;
    text += buffer.toString('utf8', 0, bytes);
  }
}

test('a second signal ends a process with a stalled audit trail and a request in flight at once', async () => {
  const { scene, reader } = await withStalledStdout('drainDelay: 20s, drain: 20s');
  const stuck = await openConversation(scene.gateway.port);
  stuck.write(`${scene.head('GET')}\r\n`);
  await scene.inFlight(1);
  const exited = scene.gateway.signal('SIGTERM');
  await eventually('it drains', () =>
    scene.gateway.log().some(({ message }) => message.startsWith('stopping')),
  );
  const took = await seconds(async () => {
    process.kill(scene.gateway.pid, 'SIGTERM');
    expect(await exited).toBe(0);
  });
  expect(took).toBeLessThan(10);
  closeSync(reader);
});

test('clients that reconnect during a drain get whole responses, or no connection', async () => {
  const scene = keep(
    await startProcessScene({
      limits: 'drainDelay: 300ms, drain: 5s',
      respond: (_req, res) => void res.end('ok'),
    }),
  );
  const outcomes: string[] = [];
  let ended = false;
  const one = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ port: scene.gateway.port, host: '127.0.0.1' });
      let received = '';
      let connected = false;
      socket.on('connect', () => {
        connected = true;
        socket.write(`${scene.head('GET')}\r\n`);
      });
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        if (received.endsWith('ok')) socket.end();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (received.startsWith('HTTP/1.1 200') && received.endsWith('ok')) resolve('whole');
        else if (received === '') resolve(connected ? 'not accepted' : 'refused');
        else resolve(`cut: ${received.slice(-40)}`);
      });
    });
  const clients = Array.from({ length: 8 }, async () => {
    while (!ended) outcomes.push(await one());
  });
  await eventually('traffic', () => outcomes.length > 200);
  await scene.gateway.signal('SIGTERM');
  ended = true;
  await Promise.all(clients);
  const whole = outcomes.filter((outcome) => outcome === 'whole');
  expect(outcomes.filter((outcome) => outcome.startsWith('cut'))).toEqual([]);
  expect(new Set(scene.audited()).size).toBe(whole.length);
  expect(scene.audited()).toHaveLength(whole.length);
});
