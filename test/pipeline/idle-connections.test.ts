/** Memory of an idle client connection: nothing of its last request remains (issue 16). */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createListener } from '../../src/http/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { LISTENER, NOT_COUNTED } from '../support/listener.ts';

const keep = cleanUp();
const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A listener that responds to each request, and the responses that are still in memory. */
async function startListener() {
  const responses: WeakRef<object>[] = [];
  const listener = createListener(
    { ...LISTENER, limits: { ...LISTENER.limits, keepAlive: 60_000 } },
    {
      request({ req, res }) {
        responses.push(new WeakRef(res));
        const respond = (): void => void res.end('ok');
        if (req.readableEnded) respond();
        else req.resume().once('end', respond);
      },
      broken: () => undefined,
    },
    { log: LOG, meter: NOT_COUNTED },
  );
  const { port } = await listener.start();
  keep({ close: () => listener.stop(Promise.resolve()) });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const remaining = (): number => {
    collect();
    return responses.filter((response) => response.deref() !== undefined).length;
  };
  return { port, responses, remaining };
}

test.each([
  ['without a body', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['with a body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok'],
])('an idle connection keeps nothing of a request %s', async (_, request) => {
  const { port, responses, remaining } = await startListener();
  const client = keep({ ...(await openConversation(port)), close: () => undefined });
  client.write(request);
  await eventually('a response', () => client.received().endsWith('ok'));
  await eventually('the response is released', () => remaining() === 0);
  client.write(request);
  await eventually('another response', () => responses.length === 2);
  expect(client.error()).toBeUndefined();
  client.destroy();
});
