import { ResponseParser } from '../../../src/proxy/transport/http1/response-parser.ts';
import { segmentsOf, type ReadOutcome, type ResponseCase } from './response-case.ts';

/** Reads a case with the parser of the gateway. Every read is in the same buffer, which is overwritten after it. */
export function readWithOwnParser(input: ResponseCase): readonly ReadOutcome[] {
  const outcomes: ReadOutcome[] = [];
  let head: { readonly status: number; readonly fields: readonly string[] } | undefined;
  let body: string[] = [];
  const parser = new ResponseParser({
    onInterim: () => undefined,
    onHead: (read) => (head = read),
    onBody: (view) => body.push(view.toString('latin1')),
  });
  const reused = Buffer.alloc(input.bytes.length);
  const accepted = (reusable: boolean): ReadOutcome => ({
    kind: 'accepted',
    status: head?.status ?? 0,
    fields: head?.fields ?? [],
    body: body.join(''),
    reusable,
  });
  let waiting = false;
  for (const segment of segmentsOf(input)) {
    if (!waiting) {
      const method = input.requests[outcomes.length];
      if (method === undefined) return outcomes;
      [head, body, waiting] = [undefined, [], true];
      parser.start(method === 'HEAD');
    }
    segment.copy(reused);
    const progress = parser.push(reused.subarray(0, segment.length));
    reused.fill(0xee);
    switch (progress.kind) {
      case 'reading':
        break;
      case 'complete': {
        outcomes.push(accepted(parser.reusable));
        if (!parser.reusable) return outcomes;
        waiting = false;
        break;
      }
      case 'switched':
        return [...outcomes, { kind: 'switched' }];
      case 'invalid':
        return [...outcomes, { kind: 'refused', detail: progress.detail, body: body.join('') }];
      default:
        progress satisfies never;
    }
  }
  if (!waiting) return outcomes;
  const complete = parser.finish().kind === 'complete';
  return [...outcomes, complete ? accepted(false) : { kind: 'truncated', body: body.join('') }];
}
