import { isLoopback, parseListenAddress, parseSocketPath } from '../../util/http/listen-address.ts';
import type { KeyPath } from '../problems/key-path.ts';
import type { RuleContext } from './rule.ts';
import { checkPort, overlap } from './server.ts';

const LISTEN: KeyPath = ['server', 'authorizer', 'listen'];

export function checkAuthorizer(context: RuleContext): void {
  const { authorizer, listen, admin, trustedProxies } = context.draft.server;
  if (authorizer === undefined || parseSocketPath(authorizer.listen) !== undefined) return;
  const address = parseListenAddress(authorizer.listen);
  checkPort(context, LISTEN, address);
  for (const [key, other] of [
    ['server.listen', listen],
    ['server.admin.listen', admin.listen],
  ] as const) {
    if (!overlap(address, parseListenAddress(other))) continue;
    context.error(LISTEN, `is the address of ${key} too; give it another port`);
  }
  if (isLoopback(address.host)) return;
  if (authorizer.tls === undefined) {
    const message =
      'is reachable from other machines and not encrypted: credentials and identities can be read on the network; set server.authorizer.tls';
    context.warn(LISTEN, message);
  }
  if (authorizer.tls?.clientCaFile === undefined && trustedProxies.length === 0) {
    const message =
      'accepts no peer on other machines: list the proxies in server.trustedProxies, or set tls.clientCaFile';
    context.warn(LISTEN, message);
  }
}

export function checkAuthorizedServices(context: RuleContext): void {
  const { authorizer } = context.draft.server;
  for (const service of context.draft.services) {
    const path = ['services', service.name];
    if (service.upstream === undefined && authorizer === undefined) {
      context.error([...path, 'upstream'], 'is missing; it is optional with server.authorizer only', 'key');
    }
    if (!('authorizer' in service) || !service.authorizer.injectCredential) continue;
    const problem = injectProblem(authorizer, service.upstream?.auth);
    if (problem !== undefined) context.error([...path, 'authorizer', 'injectCredential'], problem);
  }
}

type Authorizer = RuleContext['draft']['server']['authorizer'];

function injectProblem(
  authorizer: Authorizer,
  auth: NonNullable<RuleContext['draft']['services'][number]['upstream']>['auth'],
): string | undefined {
  if (authorizer === undefined) return 'has no effect without server.authorizer';
  if (auth === undefined || auth.forwardCredential === true)
    return 'needs a credential of the gateway: set upstream.auth to another kind than forwardCredential';
  return isPrivateListener(authorizer)
    ? undefined
    : 'would send the credential over the network: server.authorizer must listen on a Unix socket or on loopback, or require client certificates (tls.clientCaFile)';
}

function isPrivateListener({ listen, tls }: NonNullable<Authorizer>): boolean {
  return (
    parseSocketPath(listen) !== undefined ||
    isLoopback(parseListenAddress(listen).host) ||
    tls?.clientCaFile !== undefined
  );
}
