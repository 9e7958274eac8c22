import {
  formatListenAddress,
  isLoopback,
  parseListenAddress,
  type ListenAddress,
} from '../../util/http/listen-address.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { fileText } from './file-text.ts';
import type { RuleContext } from './rule.ts';
import { secretKeys } from './secret-keys.ts';

const KIB = 1024;
const MIN_TOKEN_LENGTH = 16;

export function checkServer(context: RuleContext): void {
  const { server } = context.draft;
  const listen = parseListenAddress(server.listen);
  const admin = parseListenAddress(server.admin.listen);
  checkPort(context, ['server', 'listen'], listen);
  checkPort(context, ['server', 'admin', 'listen'], admin);
  if (overlap(listen, admin)) {
    context.error(['server', 'admin', 'listen'], `is the address of server.listen too; give it another port`);
  }
  checkAdminToken(context, admin);
  if (server.limits.headerBytes < KIB || server.limits.headerBytes > KIB * KIB) {
    context.error(['server', 'limits', 'headerBytes'], 'must be between 1KiB and 1MiB');
  }
  checkProxies(context, listen);
}

export function checkPort(context: RuleContext, path: KeyPath, { port }: ListenAddress): void {
  if (port > 65_535) context.error(path, 'the port must be at most 65535');
}

function checkAdminToken(context: RuleContext, listen: ListenAddress): void {
  const { admin } = context.draft.server;
  const { hosts, console } = admin;
  const [first, second] = secretKeys('token', admin);
  if (first !== undefined && second !== undefined) {
    context.error(['server', 'admin', first], `give either ${first} or ${second}, not both`, 'key');
  }
  if (first === undefined && !isLoopback(listen.host)) {
    const message = 'is reachable from other machines: set server.admin.tokenFile, or listen on 127.0.0.1';
    context.error(['server', 'admin', 'listen'], message);
  }
  if (first !== undefined) {
    const length = (admin.token ?? fileText(admin.tokenFile))?.trim().length ?? MIN_TOKEN_LENGTH;
    const message = `is shorter than ${MIN_TOKEN_LENGTH} characters and can be guessed; create one: openssl rand -hex 32`;
    if (length < MIN_TOKEN_LENGTH) context.warn(['server', 'admin', first], message);
    return;
  }
  const needsToken = 'requires a login: set server.admin.tokenFile';
  if (hosts.length > 0) context.error(['server', 'admin', 'hosts'], needsToken, 'key');
  if (typeof console === 'object' && console.write) {
    context.error(['server', 'admin', 'console', 'write'], needsToken, 'key');
  }
}

function checkProxies(context: RuleContext, listen: ListenAddress): void {
  const { trustedProxies } = context.draft.server;
  for (const [index, network] of trustedProxies.entries()) {
    if (!network.endsWith('/0')) continue;
    const message = 'lets every client choose its address; name the networks of your proxies';
    context.warn(['server', 'trustedProxies', index], message);
  }
  if (trustedProxies.length === 0 && !isLoopback(listen.host)) {
    const message =
      'is empty: behind a proxy, all clients share its address in the audit log and in limits, so failures of one client can block all; list the networks of your proxies';
    context.warn(['server', 'trustedProxies'], message);
  }
}

export function overlap(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || isWildcard(a.host) || isWildcard(b.host);
}

function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

/** The URL of the gateway for clients on this machine, used if publicUrl is not set. */
export function defaultPublicUrl(listenText: string, tls: boolean): string {
  const { host, port } = parseListenAddress(listenText);
  const address = formatListenAddress({ host: isWildcard(host) ? 'localhost' : host, port });
  return `${tls ? 'https' : 'http'}://${address}`;
}
