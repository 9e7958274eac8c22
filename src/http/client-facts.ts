import type { IncomingMessage } from 'node:http';
import { isIP, type BlockList } from 'node:net';
import type { ClientFacts } from '../core/request/incoming.ts';
import { contains, plainAddress } from './networks.ts';

/**
 * Determines the client of a request. `Forwarded` and `X-Forwarded-*` are accepted from trusted proxies only,
 * and read from the right: the first address that is not a trusted proxy is the client. A client can forge
 * the entries further left.
 */
export function createClientFacts(
  trusted: BlockList | undefined,
  proto: ClientFacts['proto'],
): (req: IncomingMessage) => ClientFacts {
  return function clientFacts(req) {
    const peer = plainAddress(req.socket.remoteAddress ?? '');
    if (trusted === undefined || !contains(trusted, peer))
      return { address: peer, proto, port: req.socket.remotePort };
    const { legacy, standard } = hopsOf(req.rawHeaders);
    const byLegacy = legacy && clientOf(legacy, peer, trusted);
    const byStandard = standard && clientOf(standard, peer, trusted);
    // A proxy sets one of the two header families and may forward the other from the client unchanged.
    const disagree = byLegacy !== undefined && byStandard !== undefined && !isSame(byLegacy, byStandard);
    const hop = disagree ? undefined : (byLegacy ?? byStandard);
    return { address: hop?.address ?? peer, proto: hop?.proto ?? proto };
  };
}

/** The client's address by the `X-Forwarded-For` of a peer that is trusted; read from the right. */
export function addressBehind(
  peer: string,
  forwardedFor: string | undefined,
  trusted: BlockList | undefined,
): string {
  if (forwardedFor === undefined) return peer;
  if (isIP(forwardedFor) !== 0) return plainAddress(forwardedFor);
  const hops = forwardedFor.split(',').map((text) => ({ address: nodeAddress(text), proto: undefined }));
  return clientOf(hops, peer, trusted).address;
}

interface Hop {
  readonly address: string;
  readonly proto: ClientFacts['proto'] | undefined;
}

/** The first hop from the right that is not a trusted proxy, with the protocol that its trusted neighbour saw. */
function clientOf(hops: readonly Hop[], peer: string, trusted: BlockList | undefined): Hop {
  let proto = hops.at(-1)?.proto;
  let address = peer;
  for (const hop of hops.toReversed()) {
    if (isIP(hop.address) === 0) break;
    ({ address } = hop);
    proto = hop.proto ?? proto;
    if (trusted === undefined || !contains(trusted, address)) break;
  }
  return { address, proto };
}

function isSame(a: Hop, b: Hop): boolean {
  return a.address === b.address && (a.proto === b.proto || a.proto === undefined || b.proto === undefined);
}

/** The hops of each header family, nearest proxy last; undefined if the headers are absent. */
function hopsOf(rawHeaders: readonly string[]): {
  legacy: Hop[] | undefined;
  standard: Hop[] | undefined;
} {
  const list = (name: string): string[] | undefined => listValue(rawHeaders, name)?.split(',');
  const addresses = list('x-forwarded-for');
  const protos = list('x-forwarded-proto')?.map(protoOf) ?? [];
  // Proxies append to the list of protocols, as to the addresses, or replace it: a shorter list ends with the same hop.
  const missing = (addresses?.length ?? 0) - protos.length;
  const legacy =
    addresses?.map((text, i) => ({ address: nodeAddress(text), proto: protos[Math.max(0, i - missing)] })) ??
    [];
  const nearest = protos.at(-1);
  if (legacy.length === 0 && nearest !== undefined) legacy.push({ address: '', proto: nearest });
  const standard = list('forwarded')?.map((element) => ({
    address: nodeAddress(parameter(element, 'for')),
    proto: protoOf(parameter(element, 'proto')),
  }));
  return { legacy: legacy.length === 0 ? undefined : legacy, standard };
}

/** Reads `rawHeaders`, because `headers` and `headersDistinct` of node:http build an object of all headers. */
function listValue(rawHeaders: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at];
    if (header?.length !== name.length || header.toLowerCase() !== name) continue;
    value = value === undefined ? rawHeaders[at + 1] : `${value},${rawHeaders[at + 1]}`;
  }
  return value;
}

/** A parameter of one `Forwarded` element (RFC 7239 §4). */
function parameter(element: string, name: 'for' | 'proto'): string {
  return new RegExp(`(?:^|;)\\s*${name}="?([^";]*)"?`, 'i').exec(element)?.[1] ?? '';
}

function protoOf(text: string): ClientFacts['proto'] | undefined {
  const proto = text.trim().toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : undefined;
}

/** `192.0.2.1:8080`, `"[2001:db8::1]:80"`, ` 192.0.2.1 ` → the address. */
function nodeAddress(text: string): string {
  const trimmed = text.trim();
  const bracketed = /^\[([^\]]*)\]/.exec(trimmed)?.[1];
  return plainAddress(bracketed ?? trimmed.replace(/^([0-9.]+):\d+$/, '$1'));
}
