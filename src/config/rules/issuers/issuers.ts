import { ISSUER_PRESETS } from '../../../core/issuers/issuer-presets.ts';
import { issuerForms, knownIssuerTypes } from '../../../core/issuers/issuer-urls.ts';
import { isLoopback } from '../../../util/http/listen-address.ts';
import type { DraftIssuer } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { hint } from '../../problems/suggest.ts';

export function checkIssuers(context: RuleContext): void {
  const { issuers, server } = context.draft;
  const owners = new Map<string, string>();
  for (const issuer of issuers) {
    const path = ['issuers', issuer.name];
    checkType(context, issuer, path);
    checkUrls(context, issuer, path);
    checkAlgorithms(context, issuer, path);
    checkTiming(context, issuer, path);
    checkUnique(context, issuer, path, owners);
    checkSlash(context, issuer, path);
    if (server.publicUrl !== undefined && sameUrl(server.publicUrl, issuer.issuer)) {
      // publicUrl is the `iss` of tokens that the gateway issues; no other issuer may use it.
      context.error(
        [...path, 'issuer'],
        'must not be server.publicUrl: the gateway does not issue these tokens',
      );
    }
    if (issuer.audiences === undefined && server.publicUrl === undefined) {
      const message =
        'is missing: without an audience, a token for any other service would be accepted; set it, or server.publicUrl';
      context.error([...path, 'audiences'], message);
    }
  }
}

/** Of another type, none of the rules for its tokens would hold: immutable ids, guards, audience forms. */
function checkType(context: RuleContext, { type, issuer }: DraftIssuer, path: KeyPath): void {
  const types = knownIssuerTypes(issuer);
  const [known] = types;
  if (known === undefined || types.includes(type)) return;
  const message = `is ${type}, but this is an issuer of type ${known}, whose tokens need the rules of that type; write type: ${known}`;
  context.error([...path, 'type'], message);
}

function checkUrls(context: RuleContext, issuer: DraftIssuer, path: KeyPath): void {
  for (const key of ['issuer', 'jwksUri'] as const) {
    const url = issuer[key];
    if (url === undefined || !url.startsWith('http:') || isLoopback(hostOf(url))) continue;
    context.error(
      [...path, key],
      'must be https: an attacker who can change the response can sign tokens (http is for loopback)',
    );
  }
  if (issuer.jwksUri !== undefined && issuer.jwksFile !== undefined) {
    context.error([...path, 'jwksFile'], 'give either jwksUri or jwksFile, not both', 'key');
  }
  const { urlForm } = ISSUER_PRESETS[issuer.type];
  if (urlForm !== undefined && !urlForm.pattern.test(issuer.issuer)) {
    context.error([...path, 'issuer'], `must be ${urlForm.text}`);
  }
}

function checkAlgorithms(context: RuleContext, issuer: DraftIssuer, path: KeyPath): void {
  const { algorithms } = ISSUER_PRESETS[issuer.type];
  for (const [index, algorithm] of (issuer.algorithms ?? []).entries()) {
    if (algorithms.includes(algorithm)) continue;
    const message = `is not an algorithm of ${issuer.type} issuers${hint(algorithm, algorithms)}`;
    context.error([...path, 'algorithms', index], message);
  }
}

function checkTiming(context: RuleContext, { keys }: DraftIssuer, path: KeyPath): void {
  if (keys.refresh < 1_000) context.error([...path, 'keys', 'refresh'], 'must be at least 1s');
  if (keys.cooldown < 1_000) context.error([...path, 'keys', 'cooldown'], 'must be at least 1s');
  if (keys.staleLimit < keys.refresh) {
    context.error([...path, 'keys', 'staleLimit'], 'must not be shorter than keys.refresh');
  }
}

function checkUnique(
  context: RuleContext,
  issuer: DraftIssuer,
  path: KeyPath,
  owners: Map<string, string>,
): void {
  const forms = issuerForms(issuer.type, issuer.issuer);
  const owner = forms.map((form) => owners.get(form)).find((name) => name !== undefined);
  if (owner !== undefined) {
    const where = context.where(['issuers', owner, 'issuer']);
    context.error([...path, 'issuer'], `is the issuer of "${owner}" too (${where}); a token must have one`);
  }
  for (const form of forms) owners.set(form, issuer.name);
}

/** Issuers without a path whose `iss` is fixed; Auth0's ends in a slash (each issuer's discovery document). */
const WITHOUT_SLASH =
  /^https:\/\/(?:token\.actions\.githubusercontent\.com|gitlab\.com|accounts\.google\.com|agent\.buildkite\.com|app\.terraform\.io|kubernetes\.default\.svc(?:\.cluster\.local)?)$/;
const ANY_SLASH: ReadonlySet<string> = new Set(['kubernetes', 'entra', 'oidc']);
const WITH_SLASH = /^https:\/\/[^/]+\.auth0\.com\/$/;

/** `iss` is compared byte for byte, so a slash too many or too few refuses every token. */
function checkSlash(context: RuleContext, { name, type, issuer }: DraftIssuer, path: KeyPath): void {
  const other = issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`;
  const twin = context.draft.issuers.find((each) => each.name !== name && each.issuer === other);
  if (twin !== undefined) {
    const where = context.where(['issuers', twin.name, 'issuer']);
    const message = `differs from the issuer of "${twin.name}" (${where}) only in a trailing slash; tokens have one of the two, so keep that entry`;
    context.warn([...path, 'issuer'], message);
    return;
  }
  // The form of the URL is checked.
  if (ISSUER_PRESETS[type].urlForm !== undefined) return;
  const isKnown = WITHOUT_SLASH.test(other) || WITH_SLASH.test(other);
  // CI systems and AWS issue tokens with their URL, which has no trailing slash.
  const isPlatform = !ANY_SLASH.has(type) && issuer.endsWith('/');
  if (!isKnown && !isPlatform) return;
  const message = `differs from the \`iss\` of its tokens in a trailing slash, so none would be accepted; write ${other}`;
  context.warn([...path, 'issuer'], message);
}

export function hostOf(url: string): string {
  return new URL(url).hostname.replaceAll(/^\[|\]$/g, '');
}

export function sameUrl(a: string, b: string): boolean {
  return new URL(a).href.replace(/\/$/, '') === new URL(b).href.replace(/\/$/, '');
}
