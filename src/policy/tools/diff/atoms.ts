import type { CredentialClass } from '../../../core/credentials/credential.ts';
import { isUnavailableToJobToken } from '../../evaluate/job-token-scopes.ts';
import type { CompiledGrant } from '../../compile/grant.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';
import type { RulePath } from '../rules.ts';
import type { AccessAtom } from './cells.ts';
import type { Side } from './side.ts';

/** Every pattern of every grant, by credential class and scope, with the path of the grant. */
export function* atomsOf({ policy, settings }: Side): Generator<AccessAtom & { readonly rule: RulePath }> {
  const isDeployToken = new Set(settings.deployTokens.map(({ name }) => `deploy-token:${name}`));
  for (const identity of policy.identities) {
    for (const kind of identity.via) {
      const known = new Set<string>();
      for (const grant of identity.grants) {
        const service = policy.services.get(grant.service);
        if (service === undefined) continue;
        const rule = pathOf(grant, identity, isDeployToken);
        for (const scope of grant.scopes) {
          if (isUnavailableToJobToken(service.type, credentialOf(kind), scope)) continue;
          for (const template of grant.resources) {
            const key = JSON.stringify([service.name, scope, template.source]);
            if (known.has(key)) continue;
            known.add(key);
            yield { identity, class: kind, service, scope, template, rule };
          }
        }
      }
    }
  }
}

function credentialOf(kind: CredentialClass): Parameters<typeof isUnavailableToJobToken>[1] {
  return { class: kind, claims: {} } as Parameters<typeof isUnavailableToJobToken>[1];
}

function pathOf(
  { origin, index }: CompiledGrant,
  { name }: CompiledIdentity,
  deployTokens: ReadonlySet<string>,
): RulePath {
  if (origin.kind === 'role') return ['roles', origin.role, index];
  if (!deployTokens.has(name)) return ['identities', name, 'grants', index];
  return ['deployTokens', name.slice('deploy-token:'.length), 'grants', index];
}
