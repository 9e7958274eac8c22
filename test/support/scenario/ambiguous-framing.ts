import { expect, test } from 'vitest';
import type { Scenario } from '../scenario.ts';
import type { RecordedBackends } from './recorded.ts';

/** Tests that a request with ambiguous framing, whose body hides another request, is refused with 400. */
export function testAmbiguousFraming(
  scenario: Scenario<RecordedBackends>,
  { requestLine, hidden }: { readonly requestLine: string; readonly hidden: string },
): void {
  test.each([
    [['Content-Length: 5', 'Transfer-Encoding: chunked']],
    [['Content-Length: 5', 'Content-Length: 6']],
    [['Transfer-Encoding: gzip, chunked']],
    [['Transfer-Encoding: xchunked']],
    [['Transfer_Encoding: chunked', 'Content-Length: 0']],
    [['Upgrade: websocket', 'Connection: upgrade', `Content-Length: ${hidden.length}`]],
  ])('%j is refused', async (headers) => {
    const responses = await scenario.send(scenario.request(requestLine, headers, `0\r\n\r\n${hidden}`));
    expect(responses.map(({ status }) => status)).toEqual([400]);
    expect(scenario.upstream.bytes()).toBe('');
  });
}
