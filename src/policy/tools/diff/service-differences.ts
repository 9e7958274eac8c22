import type { CredentialClass } from '../../../core/credentials/credential.ts';
import { findText, languageOf } from '../../../util/text/glob-language.ts';
import type { AccessDifference } from './access-difference.ts';
import { anonymousOf } from './cells.ts';
import { trustOf, type Side } from './side.ts';
import { isCovered, isEverything } from './templates.ts';
import { credentialWith } from './witness.ts';

/** Differences that need no identity: anonymous rules, and services in shadow mode. */
export function* serviceDifferences(from: Side, to: Side): Generator<AccessDifference> {
  for (const service of to.policy.services.values()) {
    yield* anonymousDifferences(from, to, service.name);
    if (service.mode === 'shadow') yield* shadowDifferences(from, to, service.name);
  }
}

const NOWHERE = { claims: new Map(), isOwnJob: false };

function* anonymousDifferences(from: Side, to: Side, name: string): Generator<AccessDifference> {
  const service = to.policy.services.get(name);
  const known = from.policy.services.get(name);
  if (service === undefined) return;
  const before = known?.type === service.type ? known : undefined;
  for (const [index, grant] of service.anonymous.entries()) {
    for (const scope of grant.scopes) {
      const held = anonymousOf(before, scope);
      for (const template of grant.resources) {
        if (isCovered(template, [], held, NOWHERE, service.type)) continue;
        const wanted = template.expand({}, []);
        if (wanted.kind === 'invalid') continue;
        const languages = held.templates.flatMap((each) => {
          const expansion = each.expand({}, []);
          return expansion.kind === 'pattern' ? [languageOf(expansion.tokens)] : [];
        });
        const found = findText([languageOf(wanted.tokens)], languages);
        const operation =
          found.kind === 'found'
            ? { scope, resource: found.text, extent: 'one' as const }
            : { scope, resource: '', extent: isEverything(template) ? ('every' as const) : ('any' as const) };
        const isConfirmed = to.allows(undefined, name, operation) && !from.allows(undefined, name, operation);
        yield {
          identity: 'anonymous',
          class: 'none',
          service: name,
          scope,
          resource: template.source,
          certainty: isConfirmed ? 'certain' : 'possible',
          ...(isConfirmed && { witness: { credential: undefined, service: name, operation } }),
          reason:
            before === undefined
              ? `the other configuration has no service "${name}"`
              : 'the other configuration requires a credential',
          rule: ['services', name, 'anonymous', index],
        };
      }
    }
  }
}

/** Shadow mode allows each verified credential everything, so a new issuer or audience is access too. */
function* shadowDifferences(from: Side, to: Side, name: string): Generator<AccessDifference> {
  const before = from.policy.services.get(name);
  const wasShadow = before?.mode === 'shadow' && before.type === to.policy.services.get(name)?.type;
  const entry = { service: name, scope: '*', resource: '**', rule: ['services', name, 'mode'] };
  for (const issuer of to.settings.issuers) {
    for (const kind of CLASSES) {
      const now = trustOf(to.settings, issuer, name, kind);
      if (now.kind === 'refused') continue;
      const earlier = trustOf(from.settings, from.issuerAt(issuer.issuer), name, kind);
      const audiences = [...(now.audiences ?? [])];
      const audience =
        audiences.find((each) => earlier.kind === 'refused' || earlier.audiences?.has(each) === false) ??
        (wasShadow ? undefined : audiences[0]);
      if (wasShadow && earlier.kind === 'accepted' && audience === undefined) continue;
      const credential = credentialWith(
        {},
        { kind, issuer: issuer.name, issuerUrl: issuer.issuer, audience },
      );
      const operation = { scope: 'read_api', resource: '/shadow/mode', extent: 'one' as const };
      const isConfirmed = to.allows(credential, name, operation) && !from.allows(credential, name, operation);
      const described = { class: kind, issuer: issuer.name, claims: {}, ...(audience && { audience }) };
      yield {
        ...entry,
        identity: '*',
        class: kind,
        certainty: isConfirmed ? 'certain' : 'possible',
        ...(isConfirmed && { witness: { credential: described, service: name, operation } }),
        reason: `each verified ${kind} of issuer "${issuer.name}" passes in shadow mode`,
      };
    }
  }
  for (const token of to.settings.deployTokens) {
    const earlier = from.settings.deployTokens.find((each) => each.name === token.name);
    const isKept = earlier?.secretHash === token.secretHash && earlier.expires === token.expires;
    if (wasShadow && isKept) continue;
    const reason = 'each deploy token passes in shadow mode';
    const identity = `deploy-token:${token.name}`;
    yield { ...entry, identity, class: 'deploy_token', certainty: 'possible', reason };
  }
}

const CLASSES: readonly CredentialClass[] = ['id_token', 'job_token', 'deploy_token'];
