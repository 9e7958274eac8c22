import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { ClientFacts } from '../contract/incoming.ts';

/**
 * Who sent a request. `Forwarded` and `X-Forwarded-*` count only where the peer is a trusted proxy, and then
 * from the right: the first address that is no trusted proxy is the client (a client can write what it likes
 * further left).
 */
export function createClientFacts(
  trustedProxies: readonly string[],
  proto: ClientFacts['proto'],
): (req: IncomingMessage) => ClientFacts {
  const trusted = compileNetworks(trustedProxies);
  return function clientFacts(req) {
    const peer = plainAddress(req.socket.remoteAddress ?? '');
    if (trusted === undefined || !contains(trusted, peer)) return { address: peer, proto };
    let address = peer;
    for (const hop of forwardedFor(req).reverse()) {
      if (isIP(hop) === 0) break;
      address = hop;
      if (!contains(trusted, hop)) break;
    }
    return { address, proto: forwardedProto(req) ?? proto };
  };
}

function compileNetworks(networks: readonly string[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** From `X-Forwarded-For`, else from `Forwarded` (RFC 7239); left to right. */
function forwardedFor(req: IncomingMessage): string[] {
  const lines = req.headersDistinct['x-forwarded-for'];
  if (lines !== undefined) return lines.join(',').split(',').map(nodeAddress);
  const forwarded = req.headersDistinct['forwarded']?.join(',') ?? '';
  return forwarded === ''
    ? []
    : forwarded
        .split(',')
        .map((element) => nodeAddress(/(?:^|;)\s*for="?([^";,]*)"?/i.exec(element)?.[1] ?? ''));
}

function forwardedProto(req: IncomingMessage): ClientFacts['proto'] | undefined {
  const value =
    req.headersDistinct['x-forwarded-proto']?.at(-1) ??
    /(?:^|[;,])\s*proto="?(https?)/i.exec(req.headersDistinct['forwarded']?.at(-1) ?? '')?.[1];
  const last = value?.split(',').at(-1)?.trim().toLowerCase();
  return last === 'http' || last === 'https' ? last : undefined;
}

/** `192.0.2.1:8080`, `"[2001:db8::1]:80"`, ` 192.0.2.1 ` → the address. */
function nodeAddress(text: string): string {
  const trimmed = text.trim();
  const bracketed = /^\[([^\]]*)\]/.exec(trimmed)?.[1];
  return plainAddress(bracketed ?? trimmed.replace(/^([0-9.]+):\d+$/, '$1'));
}

/** Dual-stack sockets show IPv4 peers as `::ffff:192.0.2.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
