import { basename } from 'node:path';
import { GatehouseError } from '../../../core/errors.ts';
import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { comment, importHead, placeOf } from '../comments.ts';
import { createNamer } from '../configured-names.ts';
import { Differences, type Imported } from '../imported.ts';
import { validLines, type OwnedLine } from '../valid-lines.ts';
import { yamlText } from '../../yaml-text.ts';
import { identityLines, type ImportedIdentity } from './identity-lines.ts';
import { importedIssuer, type ImportedIssuer } from './issuer.ts';
import { matchesOf, specificity, yamlValue } from './match-of.ts';
import { Policies } from './policies.ts';
import { readVaultFile } from './read-file.ts';
import type { VaultRole } from './role.ts';

interface RoleFile {
  readonly file: string;
  readonly role: VaultRole;
  readonly differences: Differences;
}

/** Converts roles of Vault's JWT auth method. Throws `config_invalid` if a file is malformed. */
export function importVaultJwt(files: readonly string[]): Imported {
  const all = files.map((file) => {
    const differences = new Differences(file);
    return { file, differences, content: readVaultFile(file, differences) };
  });
  const mounts = all.flatMap(({ content }) => (content.kind === 'mount' ? [content] : []));
  if (mounts.length > 1) throw new GatehouseError('usage', 'name one auth/jwt/config at most');
  const roles = all.flatMap(({ file, differences, content }): RoleFile[] =>
    content.kind === 'role' ? [{ file, differences, role: content }] : [],
  );
  const plain = roles.map(({ role }) => role);
  const [issuer, policies] = [importedIssuer(mounts[0], plain), new Policies(plain)];
  const identities = createIdentities(roles, issuer.type, policies);
  const audiences = new Set(plain.flatMap((role) => role.audiences));
  const lines = (each: readonly ImportedIdentity[]): readonly OwnedLine<ImportedIdentity>[] => [
    ...issuerLines(issuer, audiences),
    ...identitySection(each, issuer.type),
    ...roleSection(each, policies),
    ...SERVICE,
  ];

  const byFile = new Map(all.map(({ file, differences }) => [file, differences]));
  const kept = validLines(identities, lines, ({ file, role }, reason) =>
    byFile.get(file)?.add(role.line, `omitted: the identity ${reason}`),
  );
  const differences = all.flatMap((each) => each.differences.list());
  const text = [...importHead('vault-jwt', differences), ...lines(kept).map((line) => line.text)];
  return { yaml: text.map((line) => `${line}\n`).join(''), differences };
}

/** The most specific roles first: the first identity that matches a token applies. */
function createIdentities(
  roles: readonly RoleFile[],
  type: IssuerType,
  policies: Policies,
): readonly ImportedIdentity[] {
  const nameOf = createNamer('role', /[^A-Za-z0-9._@-]/g, 128);
  const audienceSets = roles.flatMap(({ role: { audiences } }) =>
    audiences.length === 0 ? [] : [audiences.toSorted().join(' ')],
  );
  const differentAudiences = new Set(audienceSets).size > 1;
  return roles
    .toSorted((a, b) => specificity(b.role) - specificity(a.role))
    .flatMap(({ file, role, differences }): readonly ImportedIdentity[] => {
      if (role.audiences.length === 0 && audienceSets.length > 0) {
        // Vault accepts only tokens without aud here; the identity would accept the audiences of the other roles.
        differences.add(role.line, 'omitted: bound_audiences is empty, and other roles have audiences');
        return [];
      }
      const result = matchesOf(role, type);
      if (result.kind === 'none') {
        differences.add(role.line, `omitted: ${result.reason}`);
        return [];
      }
      return result.matches.map((match) => ({
        file,
        name: nameOf(basename(file).replace(/\.json$/, '')),
        role,
        match,
        roles: policies.rolesOf(role),
        audiences: differentAudiences ? role.audiences : [],
      }));
    });
}

function issuerLines({ type, url, jwksUri, assumed }: ImportedIssuer, audiences: ReadonlySet<string>) {
  return [
    'version: 1',
    '',
    'server:',
    '  listen: 127.0.0.1:8080',
    '  publicUrl: https://gateway.example.com # the URL of the gateway for clients',
    '',
    'issuers:',
    '  jobs:',
    `    type: ${type}`,
    `    issuer: ${yamlValue(url)}${assumed ? ' # of the tokens; vault read auth/jwt/config' : ''}`,
    ...(jwksUri === undefined ? [] : [`    jwksUri: ${yamlValue(jwksUri)}`]),
    ...(audiences.size === 0 ? [] : [`    audiences: [${[...audiences].map(yamlValue).join(', ')}]`]),
    '',
  ].map((text) => ({ text }));
}

function identitySection(
  identities: readonly ImportedIdentity[],
  type: IssuerType,
): readonly OwnedLine<ImportedIdentity>[] {
  if (identities.length === 0) return [];
  return [
    {
      text: comment(
        'A client of Vault names its role. Here the first identity that matches the token applies.',
      ),
    },
    { text: 'identities:' },
    ...identities.flatMap((each) => identityLines(each, type)),
    { text: '' },
  ];
}

function roleSection(identities: readonly ImportedIdentity[], policies: Policies) {
  const roles = new Set(identities.flatMap((each) => each.roles));
  if (roles.size === 0) return [];
  return [
    comment('One role for each policy of Vault. Write its grants: vault policy read NAME'),
    'roles:',
    ...[...roles].flatMap((role) => {
      const places = identities.flatMap(({ file, role: { policies: own } }) =>
        own.filter(({ text }) => text === policies.policyOf(role)).map(({ line }) => placeOf({ file, line })),
      );
      return [`  ${comment([...new Set(places)].join(', '))}`, `  ${yamlText(role)}: []`];
    }),
    '',
  ].map((text) => ({ text }));
}

const SERVICE = [
  'services:',
  '  api:',
  '    type: http',
  '    path: /api/',
  '    mode: shadow # requests that the policy denies are forwarded and recorded; then: enforce',
  '    upstream:',
  '      url: http://127.0.0.1:9000/ # the server that the jobs call',
].map((text) => ({ text }));
