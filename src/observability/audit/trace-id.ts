/** W3C Trace Context §3.2.2: version ff and an id of zeros are invalid; later versions may append fields. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

export function traceId(traceparent: string): string | undefined {
  return TRACEPARENT.exec(traceparent)?.[1];
}
