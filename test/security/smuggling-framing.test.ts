/** S1, S2, S4, S6: a request whose end two servers could see in different places ends here. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import type { AuditLine } from '../support/gateway.ts';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario();
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

/** A request with a good token, to be hidden where one of two readers sees it. */
const hidden = (): string => scenario.request('GET /api/hidden HTTP/1.1');

/** One refusal, whatever stood behind it; nothing at the upstream; the gateway lives on. */
async function expectRefused(bytes: string, status = 400): Promise<void> {
  const answers = await scenario.send(Buffer.from(bytes, 'latin1'));
  expect(answers.map((answer) => answer.status)).toEqual([status]);
  expect(answers[0]?.headers.get('connection')).toBe('close');
  await scenario.expectNothingForwarded();
}

const post = (lines: readonly string[], body: string): string =>
  scenario.request('POST /api/x HTTP/1.1', lines, body + hidden());

const CHUNKED = 'Transfer-Encoding: chunked';
const EMPTY = '0\r\n\r\n';

test.each([
  ['CL before TE', ['Content-Length: 6', CHUNKED], `${EMPTY}X`],
  ['TE before CL', [CHUNKED, 'Content-Length: 6'], `${EMPTY}X`],
  ['TE and CL: 0', [CHUNKED, 'Content-Length: 0'], EMPTY],
  ['two CL', ['Content-Length: 0', 'Content-Length: 5'], 'hello'],
  ['two CL, the same', ['Content-Length: 5', 'Content-Length: 5'], 'hello'],
  ['CL list', ['Content-Length: 5, 5'], 'hello'],
  ['CL with a space inside', ['Content-Length: 5 5'], 'hello'],
  ['CL with a plus', ['Content-Length: +5'], 'hello'],
  ['CL with a minus', ['Content-Length: -5'], 'hello'],
  ['CL in hex', ['Content-Length: 0x5'], 'hello'],
  ['CL with a fraction', ['Content-Length: 5.0'], 'hello'],
  ['CL with an exponent', ['Content-Length: 1e1'], 'hello'],
  ['CL with an underscore', ['Content-Length: 1_0'], 'hello'],
  ['CL quoted', ['Content-Length: "5"'], 'hello'],
  ['CL empty', ['Content-Length:'], 'hello'],
  ['CL beyond 64 bits', ['Content-Length: 99999999999999999999999'], 'hello'],
  ['CL beyond what is counted exactly', ['Content-Length: 9007199254740993'], 'hello'],
  ['CL with NUL', ['Content-Length: 5\0'], 'hello'],
  ['TE xchunked', ['Transfer-Encoding: xchunked'], EMPTY],
  ['TE chunkedx', ['Transfer-Encoding: chunkedx'], EMPTY],
  ['TE chunked, identity', ['Transfer-Encoding: chunked, identity'], EMPTY],
  ['TE chunked, chunked', ['Transfer-Encoding: chunked, chunked'], EMPTY],
  ['TE twice', [CHUNKED, CHUNKED], EMPTY],
  ['TE, then TE identity', [CHUNKED, 'Transfer-Encoding: identity'], EMPTY],
  ['TE with a comma', ['Transfer-Encoding: chunked,'], EMPTY],
  ['TE with a parameter', ['Transfer-Encoding: chunked;q=1'], EMPTY],
  ['TE quoted', ['Transfer-Encoding: "chunked"'], EMPTY],
  ['TE empty', ['Transfer-Encoding:'], EMPTY],
  ['TE after VT', ['Transfer-Encoding: \vchunked'], EMPTY],
  ['TE after FF', ['Transfer-Encoding: \fchunked'], EMPTY],
  ['TE with NUL', ['Transfer-Encoding: chunked\0'], EMPTY],
  ['TE with 0x85', ['Transfer-Encoding: chunked\x85'], EMPTY],
  ['TE before a space and a colon', ['Transfer-Encoding : chunked'], EMPTY],
  ['CL before a space and a colon', ['Content-Length : 5'], 'hello'],
  ['CL before a tab and a colon', ['Content-Length\t: 5'], 'hello'],
  ['TE folded', ['Transfer-Encoding:\r\n chunked'], EMPTY],
  ['TE folded with a tab', ['Transfer-Encoding:\r\n\tchunked'], EMPTY],
  ['CL folded', ['Content-Length:\r\n 5'], 'hello'],
  ['CL folded into another header', ['X-A: b\r\n Content-Length: 5'], 'hello'],
  ['TE after a bare LF', ['X-A: b\nTransfer-Encoding: chunked'], EMPTY],
  ['TE after a bare CR', ['X-A: b\rTransfer-Encoding: chunked'], EMPTY],
  ['CR CR LF', ['X-A: b\r\r\nContent-Length: 5'], 'hello'],
  ['a head that ends in LF LF', ['Content-Length: 5\n\nhello'], ''],
  ['a head that ends in CRLF LF', ['Content-Length: 5\r\n\nhello'], ''],
  ['a line without a colon', ['Content-Length 5'], 'hello'],
  ['a line that starts with a colon', [': 5'], 'hello'],
])('S1 CL/TE: %s', (_, lines, body) => expectRefused(post(lines, body)));

test.each([
  ['no digits', 'zz\r\nhello\r\n'],
  ['empty', '\r\nhello\r\n'],
  ['0x5', '0x5\r\nhello\r\n'],
  ['+5', '+5\r\nhello\r\n'],
  ['-5', '-5\r\nhello\r\n'],
  ['a space behind', '5 \r\nhello\r\n'],
  ['a space before', ' 5\r\nhello\r\n'],
  ['more than 64 bits', 'ffffffffffffffff5\r\nhello\r\n'],
  ['LF behind the size', '5\nhello\r\n'],
  ['LF in an extension', '5;a\nhello\r\n'],
  ['CR in an extension', '5;a\rb\r\nhello\r\n'],
  ['LF in the trailers', '0\r\nA: b\nC: d\r\n\r\n'],
])('S1 bad chunk size: %s', (_, chunks) => expectRefused(post([CHUNKED], chunks + EMPTY)));

test.each([
  ['a bad size', '\r\nzz\r\n'],
  ['LF behind the data', '\n'],
  ['nothing behind the data', ''],
  ['data longer than its size', 'XX\r\n'],
])('S1 a bad chunk after a good one, %s: the upstream never sees the end of it', async (_, rest) => {
  scenario.upstream.respond(() => undefined);
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(scenario.request('POST /api/x HTTP/1.1', [CHUNKED], '5\r\nhello'));
  await eventually('the first chunk upstream', () => scenario.upstream.bytes().includes('hello'));
  conversation.write(`${rest}${EMPTY}${hidden()}`);
  const answers = await conversation.answers();
  expect(answers.map(({ status }) => status)).toEqual([400]);
  await eventually('the upload to be cut', () => scenario.upstream.open() === 0);
  expect(scenario.upstream.requests()).toEqual([]);
  expect(scenario.upstream.bytes()).not.toContain('hidden');
  await scenario.expectAlive();
});

test('S1 requests before the broken one are answered, in order, and nothing after them', async () => {
  scenario.upstream.respond((socket, { requestLine }) => {
    const body = requestLine.split(' ')[1] ?? '';
    setImmediate(() => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  });
  for (const broken of ['garbage\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n']) {
    const answers = await scenario.send(
      scenario.request('GET /api/1 HTTP/1.1') + scenario.request('GET /api/2 HTTP/1.1') + broken + hidden(),
    );
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, '/1'],
      [200, '/2'],
    ]);
    expect(answers[1]?.headers.get('connection')).toBe('close');
  }
  expect(scenario.upstream.bytes()).not.toContain('hidden');
});

test('S1 what follows a refusal is thrown away: the client can read it, the audit trail has one event', async () => {
  const from = '127.0.0.77';
  const conversation = await openConversation(scenario.gateway.port, from);
  conversation.write('garbage\r\n\r\n');
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    conversation.write('x'.repeat(10_000));
  }
  expect((await conversation.answers()).map(({ status }) => status)).toEqual([400]);
  expect(conversation.error()).toBeUndefined();
  await scenario.expectAlive();
  const events = await eventually('the audit event of the broken request', () => {
    const lines = scenario.gateway.auditText().split('\n').slice(0, -1);
    const mine = lines.map((line) => JSON.parse(line) as AuditLine).filter(isFrom(from));
    return mine.length > 0 && mine;
  });
  expect(events.map(({ event }) => event.reason)).toEqual(['request_malformed']);
});

function isFrom(address: string): (line: AuditLine) => boolean {
  return (line) => (line['client'] as { readonly address: string }).address === address;
}

test.each([
  ['TE gzip, chunked', ['Transfer-Encoding: gzip, chunked']],
  ['TE identity, chunked', ['Transfer-Encoding: identity, chunked']],
  ['TE identity', ['Transfer-Encoding: identity']],
  ['TE gzip', ['Transfer-Encoding: gzip']],
  ['Transfer_Encoding', ['Transfer_Encoding: chunked']],
  ['Content_Length', ['Content_Length: 5']],
  ['CL and Transfer_Encoding', ['Content-Length: 5', 'Transfer_Encoding: chunked']],
  ['TE and Content_Length', [CHUNKED, 'Content_Length: 5']],
])('S2 what Node accepts: %s', (_, lines) => expectRefused(post(lines, EMPTY)));

test.each([
  ['HTTP/1.0 with TE', 'POST /api/x HTTP/1.0', [CHUNKED]],
  ['HTTP/0.9, named', 'GET /api/x HTTP/0.9', []],
  ['HTTP/1.2', 'GET /api/x HTTP/1.2', []],
  ['HTTP/2.0', 'GET /api/x HTTP/2.0', []],
  ['HTTP/1.1.1', 'GET /api/x HTTP/1.1.1', []],
  ['http/1.1', 'GET /api/x http/1.1', []],
  ['a tab in the request line', 'GET\t/api/x HTTP/1.1', []],
  ['another name in the request line', 'GET /api/x /y HTTP/1.1', []],
])('S2 what Node accepts: %s', (_, requestLine, lines) =>
  expectRefused(scenario.request(requestLine, lines, EMPTY + hidden())),
);

test('S2 what Node accepts: HTTP/0.9', () => expectRefused('GET /api/x\r\n\r\n'));

test('S2 what is refused by the gateway itself says so, and so does the audit trail', async () => {
  const [answer] = await scenario.send(post(['Transfer-Encoding: gzip, chunked'], EMPTY));
  expect(answer && reasonOf(answer)).toBe('request_malformed');
  expect(await scenario.audited(answer)).toMatchObject({ event: { reason: 'request_malformed' } });
});

test.each([
  ['CL', (body: string) => [`Content-Length: ${body.length}`, body]],
  ['TE', (body: string) => [CHUNKED, `${body.length.toString(16)}\r\n${body}\r\n${EMPTY}`]],
])('S4 header truncation: 2,100 lines, then %s', async (_, frame) => {
  const [line = '', body = ''] = frame(hidden());
  const many = Array.from({ length: 2_100 }, () => 'a:');
  await expectRefused(scenario.request('POST /api/x HTTP/1.1', [...many, line], body), 431);
});

test('S6 chunk extensions: 20 KB of one is refused', async () => {
  const chunk = `5;a=${'b'.repeat(20_000)}\r\nhello\r\n`;
  await expectRefused(scenario.request('POST /api/x HTTP/1.1', [CHUNKED], chunk + EMPTY + hidden()), 413);
});

test('S6 chunk extensions: a short one is not relayed', async () => {
  const [answer] = await scenario.send(
    scenario.request(
      'POST /api/x HTTP/1.1',
      [CHUNKED, 'Connection: close'],
      '5;canary=1;b="c"\r\nhello\r\n0;canary\r\n\r\n',
    ),
  );
  expect(answer?.status).toBe(200);
  expect(scenario.upstream.requests().map(({ body }) => body)).toEqual(['5\r\nhello\r\n0\r\n\r\n']);
  expect(scenario.upstream.bytes()).not.toContain('canary=1');
});
