import type { DraftWorkload } from '../../model/draft.ts';
import { indexByName } from '../../model/index-by-name.ts';
import { expandWorkload, idClaim, issuerOf } from '../../model/expand-workload.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { checkReference, type RuleContext } from '../rule.ts';

export function checkWorkloads(context: RuleContext): void {
  for (const workload of context.draft.workloadIdentities) {
    const path = ['workloadIdentities', workload.name];
    if (workload.identity === undefined) checkShorthand(context, workload, path);
    else checkNamed(context, workload, path, workload.identity);
  }
  checkEndpoint(context);
}

/** Warns if a service lists the host of `server.publicUrl`: the exchange is not available on such a host. */
function checkEndpoint(context: RuleContext): void {
  const { server, services, workloadIdentities } = context.draft;
  if (server.publicUrl === undefined || workloadIdentities.length === 0) return;
  const { host, hostname } = new URL(server.publicUrl);
  const owner = services.find(
    ({ hosts }) => hosts?.includes(host) === true || hosts?.includes(hostname) === true,
  );
  if (owner === undefined) return;
  const message = `is unreachable at server.publicUrl: service "${owner.name}" lists that host (${context.where(['services', owner.name, 'hosts'])})`;
  context.warn(['workloadIdentities'], `the exchange ${message}`, 'key');
}

const KEYS_WITH_IDENTITY: ReadonlySet<string> = new Set(['name', 'identity', 'audiences']);

function checkNamed(context: RuleContext, workload: DraftWorkload, path: KeyPath, name: string): void {
  checkReference(context, [...path, 'identity'], 'identities', name);
  const identity = indexByName(context.draft.identities).get(name);
  if (identity !== undefined && !identity.via.includes('id_token')) {
    context.error(
      [...path, 'identity'],
      `"${name}" does not accept ID tokens; only ID tokens can be exchanged`,
    );
  }
  for (const key of Object.keys(workload)) {
    if (KEYS_WITH_IDENTITY.has(key)) continue;
    context.error([...path, key], 'belongs to the identity: give either identity or a definition', 'key');
  }
}

function checkShorthand(context: RuleContext, workload: DraftWorkload, path: KeyPath): void {
  const { name, issuer, platform, group, user, roles = [] } = workload;
  const { identities, issuers } = context.draft;
  if (identities.some((identity) => identity.name === name)) {
    const message = `is also the name of an identity; write { identity: ${name} } to refer to it`;
    context.error(path, message, 'key');
  }
  if ((issuer === undefined) === (platform === undefined)) {
    context.error(path, 'needs identity, or one of issuer and platform', 'key');
    return;
  }
  if (issuer !== undefined) checkReference(context, [...path, 'issuer'], 'issuers', issuer);
  if (group !== undefined && user !== undefined) context.error(path, 'give either group or user', 'key');
  if (roles.length === 0) context.error(path, 'needs roles: without roles, it grants nothing', 'key');
  for (const [index, role] of roles.entries()) {
    checkReference(context, [...path, 'roles', index], 'roles', role);
  }
  checkProject(context, workload, path);
  checkRefs(context, workload, path);
  const found = issuerOf(workload, issuers);
  if (found !== undefined) checkMutableNames(context, workload, path, found.type);
  else if (issuer === undefined || issuers.some((each) => each.name === issuer)) {
    const problem =
      issuer === undefined
        ? `there is not exactly one issuer of type ${platform ?? ''}; name one with issuer`
        : 'the shorthand is for issuers of type gitlab and github; write an identity, and name it here';
    context.error([...path, issuer === undefined ? 'platform' : 'issuer'], problem);
  }
}

const NAME_PATH = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;

function checkProject(context: RuleContext, workload: DraftWorkload, path: KeyPath): void {
  const { group, user, project, projectId, groupId } = workload;
  for (const key of ['group', 'user', 'project'] as const) {
    const value = workload[key];
    if (value === undefined || NAME_PATH.test(value)) continue;
    context.error([...path, key], 'must be a path such as acme or acme/payments, without wildcards');
  }
  if (project !== undefined && !project.includes('/') && (group ?? user) === undefined) {
    context.error([...path, 'project'], 'must be the full path, or be combined with group or user');
  }
  if ([group, user, project, projectId, groupId].every((value) => value === undefined)) {
    const message = 'names no project and no group: every token of the issuer would match';
    context.error(path, message, 'key');
  }
}

function checkRefs(context: RuleContext, { branches, tags }: DraftWorkload, path: KeyPath): void {
  if (
    [branches, tags].some((list) => list !== undefined) &&
    [...(branches ?? []), ...(tags ?? [])].length === 0
  ) {
    const key = branches === undefined ? 'tags' : 'branches';
    context.error([...path, key], 'allows no branch and no tag; leave branches and tags out to allow all');
  }
  for (const [key, list] of [
    ['branches', branches],
    ['tags', tags],
  ] as const) {
    for (const [index, ref] of (list ?? []).entries()) {
      if (ref.startsWith('refs/'))
        context.error([...path, key, index], 'must be without refs/heads/ and refs/tags/');
      if (/\*{3}/.test(ref)) context.error([...path, key, index], '"***" is not a wildcard; write * or **');
    }
  }
}

/** Names are reusable: another account can acquire a released name. Ids are not (GitLab and GitHub recommend ids). */
function checkMutableNames(
  context: RuleContext,
  workload: DraftWorkload,
  path: KeyPath,
  type: 'gitlab' | 'github',
): void {
  if (workload.projectId !== undefined || workload.groupId !== undefined) return;
  const key = workload.project === undefined ? 'groupId' : 'projectId';
  const remedy = `give ${key}: it is the claim ${idClaim(type, key)} of a token of such a job (gatehouse token inspect)`;
  if (workload.allowMutableNames !== true) {
    context.error(path, `is bound by mutable names; ${remedy}; or set allowMutableNames: true`, 'key');
    return;
  }
  const match = JSON.stringify(expandWorkload(workload, context.draft.issuers)?.match);
  const message = `names are mutable: an account that acquires one of the names in ${match} gets the rights of this entry; to prevent this, ${remedy}`;
  context.warn([...path, 'allowMutableNames'], message);
}
