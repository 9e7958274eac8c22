/** The host of a `Host` field, in lower case and without port: a forwarded port may differ from the listener's. */
export function hostNameOf(header: string | undefined): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(header?.toLowerCase() ?? '');
  return match?.[1] ?? match?.[2];
}
