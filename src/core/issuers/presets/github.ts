import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const OWNER = ['repository_owner_id', 'repository_owner', 'enterprise_id', 'enterprise'];
const REPOSITORY = ['repository_id', 'repository', 'repository_visibility', ...OWNER];

/**
 * Events that run untrusted input with the permissions of the base repository:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
const UNTRUSTED_EVENTS = ['pull_request_target', 'workflow_run'];

/** Source: GitHub "OpenID Connect reference". */
export const GITHUB_PRESET: IssuerPreset = {
  ...CI_PRESET,
  urls: [
    /^token\.actions\.githubusercontent\.com\//,
    // GitHub with data residency, and GitHub Enterprise Server.
    /^token\.actions\.[^./]+\.ghe\.com\//,
    /^[^/]+\/_services\/token$/,
  ],
  exampleUrl: 'https://token.actions.githubusercontent.com',
  defaultAudience: /^https:\/\/github\.com\/[^/]+$/,
  holder: ['repository_id'],
  immutableIds: ['repository_id', 'repository_owner_id', 'enterprise_id'],
  idForm: { pattern: /^\d+$/, text: 'a number such as "20", not a name' },
  // Since 2026-07-15 `sub` contains immutable ids (`repo:owner@1/name@2:…`). A pattern with this prefix binds them.
  subjectWithIds: /^repo:[^@/:*]+@\d+\/[^@/:*]+@\d+:/,
  pathClaims: ['repository'],
  chosenByHolder: wordsOf(`
    base_ref environment event_name head_ref ref ref_protected ref_type repository_visibility
    runner_environment workflow`),
  // `include_claim_keys` (GitHub "OpenID Connect reference", customization of the subject).
  customSubject: true,
  protectedBy: { ref: 'ref_protected', ref_type: 'ref_protected' },
  open: true,
  trace: { project: 'repository', pipeline: 'run_id' },
  claims: {
    names: wordsOf(`
      repository repository_id repository_owner repository_owner_id repository_visibility actor
      actor_id enterprise enterprise_id ref ref_type ref_protected base_ref head_ref event_name sha
      environment environment_node_id workflow workflow_ref workflow_sha job_workflow_ref
      job_workflow_sha check_run_id run_id run_number run_attempt runner_environment`),
    customPrefixes: ['repo_property_'],
  },
  determined: {
    repository_id: REPOSITORY,
    repository: REPOSITORY,
    repository_owner_id: OWNER,
    repository_owner: OWNER,
  },
  guards: [
    {
      kind: 'default_condition',
      claim: 'event_name',
      operator: 'notIn',
      values: UNTRUSTED_EVENTS,
      refusedValues: UNTRUSTED_EVENTS,
      optional: false,
      // An exclusion or a pattern would also accept values that its author did not list.
      replacedBy: ['equals', 'in'],
      why: 'tokens without event_name never match; pull_request_target and workflow_run match only if equals or in lists them',
      effect: 'which run with the rights of the repository on input from outside; list the accepted events',
      example: '{ in: [push] }',
    },
  ],
};
