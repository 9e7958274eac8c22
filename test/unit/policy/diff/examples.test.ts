import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, SERVICE_TRAITS, type Config } from '../../../../src/config/index.ts';
import { compareAccess } from '../../../../src/policy/tools/diff/compare-access.ts';
import type { ComparedSettings } from '../../../../src/policy/tools/diff/access-difference.ts';
import { NOW, writeFiles } from '../../config/loading.ts';
import { ROOT } from '../../../support/repository.ts';

const folder = join(ROOT, 'config');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
const load = (name: string): Config => {
  const path = join(folder, name);
  const secrets = writeFiles({ 'ca.crt': 'certificate', token: 'x', 'release-bot': 'x', inventory: 'x' });
  const result = loadConfig(path, { SERVICE_ACCOUNT_DIR: secrets, GITLAB_TOKENS: secrets }, NOW);
  if (result.kind === 'invalid') throw new Error(`${path} is invalid`);
  return result.config;
};

test.each(names)('%s has no differences from itself', (name) => {
  const config = load(name);
  expect(compareAccess(config, structuredClone(config))).toEqual({ gains: [], losses: [], changes: [] });
});

test('at least 90 % of the gains between the examples and their changes are certain', () => {
  const gains = names.flatMap((name) => {
    const config = load(name);
    return changesOf(config).flatMap(({ title, next }) => {
      const found = compareAccess(config, next);
      return [...found.gains, ...compareAccess(next, config).gains].map((gain) => ({ name, title, ...gain }));
    });
  });
  const possible = gains.filter(({ certainty }) => certainty === 'possible');
  const listed = possible.map((each) =>
    [each.name, each.title, each.identity, each.class, each.scope, each.resource, each.reason].join(' '),
  );
  expect(gains.length).toBeGreaterThan(300);
  expect(possible.length / gains.length, listed.join('\n')).toBeLessThanOrEqual(0.1);
});

type Draft = { -readonly [K in keyof ComparedSettings]: ComparedSettings[K] };

/** One change each: a wider or other condition, grant, order, audience, issuer, token, rule or mode. */
function changesOf(config: Config): readonly { readonly title: string; readonly next: ComparedSettings }[] {
  const changes: { title: string; next: ComparedSettings }[] = [];
  const change = (title: string, apply: (draft: Draft) => void): void => {
    const next: Draft = structuredClone(config);
    apply(next);
    changes.push({ title, next });
  };
  for (const [at, { name, match, grants, roles }] of config.identities.entries()) {
    const edit = (title: string, edited: object): void =>
      change(`${title} ${name}`, (draft) => {
        draft.identities = draft.identities.map((each, index) =>
          index === at ? { ...each, ...edited } : each,
        );
      });
    for (const claim of Object.keys(match)) {
      const { [claim]: was, ...rest } = match;
      edit(`drop ${claim} of`, { match: rest });
      edit(`widen ${claim} of`, { match: { ...rest, [claim]: { glob: '**' } } });
      if (typeof was === 'string')
        edit(`two values for ${claim} of`, { match: { ...rest, [claim]: { in: [was, '4711'] } } });
    }
    edit('classes of', { via: ['id_token', 'job_token'] });
    for (const service of config.services) {
      const scopes = scopesOf(service);
      edit(`all of ${service.name} for`, {
        grants: [...grants, { service: service.name, scopes, resources: ['**'] }],
      });
    }
    if (grants.length + roles.length > 0) edit('no grants for', { grants: [], roles: [] });
    change(
      `remove ${name}`,
      (draft) => void (draft.identities = draft.identities.filter((_, index) => index !== at)),
    );
  }
  change('reverse the order', (draft) => void (draft.identities = draft.identities.toReversed()));
  for (const { name } of config.services) {
    const edit = (title: string, edited: object): void =>
      change(`${title} ${name}`, (draft) => {
        draft.services = draft.services.map((each) => (each.name === name ? { ...each, ...edited } : each));
      });
    edit('audience of', { audiences: ['other'] });
    edit('shadow', { mode: 'shadow' });
    const service = config.services.find((each) => each.name === name);
    if (service !== undefined)
      edit('anonymous', { anonymous: [{ scopes: scopesOf(service).slice(0, 1), resources: ['**'] }] });
  }
  for (const [name, grants] of Object.entries(config.roles)) {
    change(`widen role ${name}`, (draft) => {
      draft.roles = { ...draft.roles, [name]: grants.map((grant) => ({ ...grant, resources: ['**'] })) };
    });
  }
  change('secrets', (draft) => {
    draft.deployTokens = draft.deployTokens.map((each) => ({
      ...each,
      secretHash: `sha256:${'0'.repeat(64)}`,
    }));
  });
  change('expiry', (draft) => {
    draft.deployTokens = draft.deployTokens.map((each) => ({ ...each, expires: '2099-01-01' }));
  });
  change(
    'allowlist',
    (draft) => void (draft.jobTokenAllowlist = { ...draft.jobTokenAllowlist, acme: ['**'] }),
  );
  return changes;
}

function scopesOf(service: Config['services'][number]): readonly string[] {
  const own = service.type === 'http' ? service.operations?.map(({ scope }) => scope) : undefined;
  return own ?? SERVICE_TRAITS[service.type].scopes;
}
