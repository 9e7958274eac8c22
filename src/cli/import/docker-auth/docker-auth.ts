import { childOf, readForeignFile } from '../../../config/index.ts';
import { comment, importHead, placeOf } from '../comments.ts';
import { Differences, type Imported } from '../imported.ts';
import { refuseSource, SourceReader } from '../source-reader.ts';
import { yamlGrant, yamlList, yamlText } from '../../yaml-text.ts';
import { AccountAccess, type AccountGrant } from './account-access.ts';
import { readAcl, type AclRule } from './acl.ts';
import { deployTokenNames } from './deploy-token-names.ts';
import { readSections, type Advice } from './sections.ts';
import { readUsers, type StaticUser } from './users.ts';

interface UserAccess {
  readonly user: StaticUser;
  readonly grants: readonly AccountGrant[];
}

/** Converts a configuration of cesanta/docker_auth. Throws `config_invalid` if it is malformed. */
export function importDockerAuth(file: string): Imported {
  const source = readForeignFile(file);
  if (source.kind === 'invalid') return refuseSource(file, source.problems);
  const { root } = source;
  const reader = new SourceReader(file);
  const differences = new Differences(file);
  const advice = readSections(reader, root, differences);
  const users = readUsers(reader, childOf(root, 'users'));
  const rules = readAcl(reader, childOf(root, 'acl'));
  reader.finish();

  const access = accessOfUsers(users, rules, differences);
  const listed = differences.list();
  const anonymous = access.find(({ user }) => user.account === '')?.grants ?? [];
  const yaml = [
    ...importHead('docker-auth', listed),
    ...serverLines(file, advice),
    ...deployTokenLines(file, access),
    ...serviceLines(file, anonymous),
  ];
  return { yaml: yaml.map((line) => `${line}\n`).join(''), differences: listed };
}

function accessOfUsers(
  users: readonly StaticUser[],
  rules: readonly AclRule[],
  differences: Differences,
): readonly UserAccess[] {
  const matched = new Set<number>();
  const access = users.map((user) => {
    const account = new AccountAccess(user, differences);
    for (const rule of rules) account.add(rule);
    for (const line of account.matched) matched.add(line);
    return { user, grants: account.grants() };
  });
  for (const { line, actions } of rules)
    if (actions.length > 0 && !matched.has(line))
      differences.add(line, 'omitted: no account of users matches');
  return access;
}

function serverLines(file: string, advice: readonly Advice[]): readonly string[] {
  return [
    'version: 1',
    '',
    'server:',
    ...advice.map(({ line, text }) => `  ${comment(`${placeOf({ file, line })}: ${text}`)}`),
    '  listen: 127.0.0.1:8080',
    '  publicUrl: https://registry.example.com # the URL of the registry for clients',
    '',
  ];
}

function deployTokenLines(file: string, access: readonly UserAccess[]): readonly string[] {
  const tokens = access.filter(({ user, grants }) => user.account !== '' && grants.length > 0);
  if (tokens.length === 0) return [];
  const names = deployTokenNames(tokens.map(({ user }) => user.account));
  return [
    comment('The gateway accepts generated secrets only: create one for each account, and copy its hash.'),
    'deployTokens:',
    ...tokens.flatMap(({ user, grants }, index) => {
      const { name, username } = names.get(user.account) ?? { name: user.account, username: user.account };
      const create = `gatehouse token create --name ${name} --username ${username}`;
      const renamed = username === user.account ? '' : `, account "${user.account}"`;
      return [
        `  ${comment(`${placeOf({ file, line: user.line })}${renamed}: ${create}`)}`,
        `  ${yamlText(name)}:`,
        `    username: ${yamlText(username)}`,
        `    secretHash: "sha256:${String(index + 1).padStart(64, '0')}" # of no secret`,
        '    grants:',
        ...grants.flatMap((grant) => [
          `      ${comment(placeOf({ file, line: grant.line }))}`,
          ...yamlGrant({ service: 'registry', ...grant }).map((line) => `      ${line}`),
        ]),
      ];
    }),
    '',
  ];
}

function serviceLines(file: string, anonymous: readonly AccountGrant[]): readonly string[] {
  return [
    'services:',
    '  registry:',
    '    type: oci',
    '    mode: shadow # requests that the policy denies are forwarded and recorded; then: enforce',
    '    upstream:',
    '      url: http://127.0.0.1:5000 # the registry, without auth.token',
    ...(anonymous.length === 0 ? [] : ['    anonymous:']),
    ...anonymous.flatMap(({ line, scopes, resources }) => [
      `      ${comment(placeOf({ file, line }))}`,
      `      - { scopes: ${yamlList(scopes)}, resources: ${yamlList(resources)} }`,
    ]),
  ];
}
