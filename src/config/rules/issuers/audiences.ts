import { ISSUER_PRESETS } from '../../../core/issuers/issuer-presets.ts';
import type { DraftIssuer } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

/** Warns about audiences that another recipient of tokens is likely to use too. */
export function checkAudiences(context: RuleContext): void {
  const { issuers, services, workloadIdentities } = context.draft;
  for (const issuer of issuers) {
    checkFixed(context, issuer);
    const path = ['issuers', issuer.name, 'audiences'];
    checkDefault(context, issuer, path);
    if (!hasIdAsAudience(issuer)) checkList(context, path, issuer.audiences);
  }
  const withIds = new Set(issuers.filter(hasIdAsAudience).map(({ name }) => name));
  for (const { name, audiences, issuers: trusted } of services) {
    const callers = trusted ?? issuers.map((issuer) => issuer.name);
    if (callers.some((issuer) => withIds.has(issuer))) continue;
    checkList(context, ['services', name, 'audiences'], audiences);
  }
  for (const { name, audiences } of workloadIdentities)
    checkList(context, ['workloadIdentities', name, 'audiences'], audiences);
}

/** Entra's audience is the client id of an app registration. */
function hasIdAsAudience({ type }: DraftIssuer): boolean {
  return type === 'entra';
}

function checkFixed(context: RuleContext, { name, type, audiences, replay }: DraftIssuer): void {
  const { fixedAudience } = ISSUER_PRESETS[type];
  if (fixedAudience === undefined) return;
  if (audiences === undefined || audiences.some((each) => each !== fixedAudience)) {
    const message = `the tokens of ${type} have no other audience than ${fixedAudience}; write audiences: [${fixedAudience}]`;
    const path = ['issuers', name];
    if (audiences === undefined) context.error(path, message, 'key');
    else context.error([...path, 'audiences'], message);
    return;
  }
  if (replay === 'once') return;
  const message = `Microsoft Entra accepts tokens with this audience too, so that the holder of one is the service connection; accept them at the exchange only, with replay: once`;
  context.warn(['issuers', name, 'audiences'], message);
}

function checkDefault(context: RuleContext, { type, audiences }: DraftIssuer, path: KeyPath): void {
  const { defaultAudience } = ISSUER_PRESETS[type];
  for (const [index, audience] of (audiences ?? []).entries()) {
    if (defaultAudience?.test(audience) !== true) continue;
    const message = `is the audience of ${type} tokens for which a job requests none, so that other services accept them too; request tokens for the URL of the gateway`;
    context.warn([...path, index], message);
  }
}

function checkList(context: RuleContext, path: KeyPath, audiences: readonly string[] | undefined): void {
  const { publicUrl } = context.draft.server;
  for (const [index, audience] of (audiences ?? []).entries()) {
    if (publicUrl !== undefined && differsInSlash(audience, publicUrl) && !audiences?.includes(publicUrl)) {
      const advice = `write ${publicUrl}, or list both`;
      const message = `differs from server.publicUrl in a trailing slash, and aud is compared byte for byte; ${advice}`;
      context.warn([...path, index], message);
    }
    if (/^[a-z][a-z0-9+.-]*:\/\/./i.test(audience) || /^urn:./i.test(audience)) continue;
    const message =
      'is not a URL: a short name can be the audience of another service too; use the URL of the gateway, in the jobs as well';
    context.warn([...path, index], message);
  }
}

function differsInSlash(a: string, b: string): boolean {
  return a === `${b}/` || `${a}/` === b;
}
