import { isIPv6 } from 'node:net';

/** The key of per-client limits: an IPv6 client can use all 2^64 addresses of its /64 network. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const network = [...groups, ...Array<string>(missing).fill('0')].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** The IPv6 /48 of an address, the usual assignment of one site (RFC 6177); undefined for IPv4. */
export function siteOf(address: string): string | undefined {
  if (!isIPv6(address)) return undefined;
  const [a = '', b = '', c = ''] = networkOf(address).split(':');
  return `${a}:${b}:${c}::/48`;
}
