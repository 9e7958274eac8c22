import { assumedMinted } from '../../../core/credentials/assumed-credential.ts';
import type { Claims, VerifiedCredential } from '../../../core/credentials/credential.ts';
import { DEPLOY_TOKENS, deployTokenCredential } from '../../../core/credentials/deploy-token.ts';
import type { Operation } from '../../../core/request/operation.ts';
import type { Witness } from './access-difference.ts';
import type { ComparisonContext } from './access-cells.ts';
import { issuerUrlOf, type AccessAtom, type UncoveredCell } from './cells.ts';
import { candidateClaims } from './claim-candidates.ts';
import { trustOf } from './side.ts';
import { operationsFor } from './witness-operations.ts';

/** A request of the cell that `to` allows and `from` does not, as both evaluators decide; undefined if none is found. */
export function findWitness(
  context: ComparisonContext,
  atom: AccessAtom,
  cell: UncoveredCell,
): Witness | undefined {
  for (const credential of credentialsOf(context, atom, cell)) {
    const requested = cell.requestedIdentity;
    const presented =
      requested === undefined ? credential : requestedToken(credential, requested, atom.scope);
    if (!isMatched(context, presented, atom)) continue;
    for (const operation of operationsFor(context, atom, cell, presented)) {
      if (!isNew(context, atom, { credential, presented, operation, cell })) continue;
      return describe(context, atom, { presented, operation, cell });
    }
  }
  return undefined;
}

interface Request {
  readonly credential: VerifiedCredential;
  readonly presented: VerifiedCredential;
  readonly operation: Operation;
  readonly cell: UncoveredCell;
}

function isNew(
  { from, to, fromRequested, toRequested }: ComparisonContext,
  { service: { name } }: AccessAtom,
  { credential, presented, operation, cell }: Request,
): boolean {
  if (!to.allows(presented, name, operation)) return false;
  // After the expiry in the other configuration, only its anonymous rules apply.
  if (cell.on !== undefined) return !from.allows(undefined, name, operation);
  if (from.allows(credential, name, operation)) return false;
  const requested = cell.requestedIdentity;
  if (requested !== undefined) {
    const issuer = from.issuerAt(credential.issuerUrl)?.name ?? credential.issuer;
    const caller = from.authorizer.identify({ ...credential, issuer });
    const wasIssued = fromRequested.has(requested) || ('identity' in caller && caller.identity === requested);
    // Without a request that names the identity, only a token that the other configuration issued has it.
    if (!wasIssued && !toRequested.has(requested)) return false;
    if (wasIssued && from.allows(presented, name, operation)) return false;
  }
  return ![...fromRequested.keys()].some((identity) =>
    from.allows(requestedToken(credential, identity, operation.scope), name, operation),
  );
}

/** Whether the identity of the atom is the caller. */
function isMatched({ to }: ComparisonContext, credential: VerifiedCredential, atom: AccessAtom): boolean {
  const caller = to.authorizer.identify(credential);
  return 'identity' in caller && caller.identity === atom.identity.name;
}

function* credentialsOf(
  context: ComparisonContext,
  atom: AccessAtom,
  cell: UncoveredCell,
): Generator<VerifiedCredential> {
  const { to, from } = context;
  const { identity, class: kind, service } = atom;
  if (identity.issuer === DEPLOY_TOKENS) {
    const token = to.settings.deployTokens.find(({ name }) => `deploy-token:${name}` === identity.name);
    if (token !== undefined) yield deployTokenCredential(token, '');
    return;
  }
  const issuerUrl = issuerUrlOf(to, identity) ?? '';
  const trust = trustOf(to.settings, to.issuerAt(issuerUrl), service.name, kind);
  if (trust.kind === 'refused') return;
  const before = trustOf(from.settings, from.issuerAt(issuerUrl), service.name, kind);
  const shared = [...(trust.audiences ?? [])].find(
    (each) => before.kind === 'refused' || before.audiences?.has(each) === true,
  );
  const audience = cell.audience ?? shared ?? [...(trust.audiences ?? [])][0];
  const name = from.issuerAt(issuerUrl)?.name ?? identity.issuer;
  const others = [
    ...context.toOrder.earlierThan(identity, kind, cell.region).slice(-MAX_OTHERS),
    ...context.fromOrder.candidates(name, kind, cell.region).slice(0, MAX_OTHERS),
  ];
  for (const claims of candidateClaims(cell.region, atom, others))
    yield credentialWith(claims, { kind, issuer: identity.issuer, issuerUrl, audience });
}

/** Identities whose conditions give further values for claims. */
const MAX_OTHERS = 20;

export function credentialWith(
  claims: Claims,
  {
    kind,
    issuer,
    issuerUrl,
    audience,
  }: {
    readonly kind: VerifiedCredential['class'];
    readonly issuer: string;
    readonly issuerUrl: string;
    readonly audience: string | undefined;
  },
): VerifiedCredential {
  const audiences = audience === undefined ? {} : { audiences: [audience] };
  const common = { subject: '', jti: undefined, tokenHash: '', expiresAt: Infinity };
  return { class: kind, issuer, issuerUrl, claims, ...common, ...audiences };
}

/** A token of the gateway that names an identity and is limited to one scope. */
export function requestedToken(
  credential: VerifiedCredential,
  identity: string,
  scope: string,
): VerifiedCredential {
  const source = { class: credential.class, jti: undefined, tokenHash: '' };
  return {
    ...credential,
    class: 'access_token',
    minted: assumedMinted({ identity, source }, [scope]),
  };
}

function describe(
  { to }: ComparisonContext,
  { service, class: kind, identity }: AccessAtom,
  { presented, operation, cell }: Omit<Request, 'credential'>,
): Witness {
  const audience = presented.audiences?.[0];
  const request = { service: service.name, operation, ...(cell.on !== undefined && { on: cell.on }) };
  if (presented.issuer === DEPLOY_TOKENS)
    return { credential: { class: 'deploy_token', deployToken: presented.subject }, ...request };
  const issuer = to.issuerAt(presented.issuerUrl)?.name ?? identity.issuer;
  return {
    credential: {
      class: kind,
      issuer,
      claims: presented.claims,
      ...(audience !== undefined && { audience }),
      ...(cell.requestedIdentity !== undefined && { requestedIdentity: cell.requestedIdentity }),
    },
    ...request,
  };
}
