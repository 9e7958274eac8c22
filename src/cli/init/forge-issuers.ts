import type { InitCondition, InitIssuer } from './init-issuer.ts';
import type { InitProject } from './init-services.ts';

/** Ids start at 1, so a configuration with the placeholder grants access to no project. */
const PLACEHOLDER_ID = '0';

export function gitlabIssuer(url: string, path: string, id: string | undefined): InitIssuer {
  const source = 'the page of the project in GitLab, menu "Copy project ID"';
  const ids = [idCondition('project_id', path, id, source)];
  return {
    type: 'gitlab',
    url,
    request: 'in the job: id_tokens: { GATEHOUSE_TOKEN: { aud: URL } }',
    project: projectOf(path, 'project_path'),
    subject: `Jobs of the branch main of ${path}`,
    publishers: 'main',
    reader: 'another branch',
    scope: 'project',
    publishes: [
      ...ids,
      { claim: 'ref', value: 'main' },
      { claim: 'ref_type', value: 'branch' },
      {
        claim: 'ref_protected',
        value: 'true',
        comment: "GitLab's rules for protected branches apply",
      },
    ],
    reads: ids,
    claims: { project_path: path },
    readerClaims: { ref: 'feature', ref_protected: 'false' },
    strangerClaims: { project_id: `2${id ?? PLACEHOLDER_ID}` },
  };
}

/** Without a repository, any repository of the owner. */
export function githubIssuer(
  owner: string,
  repository: string | undefined,
  id: string | undefined,
): InitIssuer {
  const path = repository ?? `${owner}/app`;
  const ofOwner = repository === undefined && id === undefined;
  const claim = ofOwner ? 'repository_owner_id' : 'repository_id';
  const source = ofOwner ? `gh api users/${owner} --jq .id` : `gh api repos/${path} --jq .id`;
  const ids = [idCondition(claim, path, id, source)];
  return {
    type: 'github',
    url: 'https://token.actions.githubusercontent.com',
    request: 'in the workflow: permissions: { id-token: write }, and a token for the audience URL',
    project: projectOf(path, 'repository'),
    subject: `Jobs of the branch main of ${ofOwner ? `any repository of ${owner}` : path}`,
    publishers: 'main',
    reader: 'another branch',
    scope: ofOwner ? 'organization' : 'repository',
    publishes: [
      ...ids,
      { claim: 'ref', value: 'refs/heads/main' },
      {
        claim: 'event_name',
        value: '{ in: [push, workflow_dispatch] }',
        tested: 'push',
        comment: 'no pull_request_target, which can run untrusted code',
      },
    ],
    reads: ids,
    claims: { repository: path },
    readerClaims: { ref: 'refs/heads/feature' },
    strangerClaims: { [claim]: `2${id ?? PLACEHOLDER_ID}` },
  };
}

/** The id, or a placeholder. */
function idCondition(claim: string, path: string, id: string | undefined, source: string): InitCondition {
  return id === undefined
    ? { claim, value: `'${PLACEHOLDER_ID}'`, source }
    : { claim, value: `'${id}'`, comment: `the id of ${path}` };
}

function projectOf(path: string, claim: string): InitProject {
  return { path, owner: path.slice(0, path.indexOf('/')).toLowerCase(), claim };
}
