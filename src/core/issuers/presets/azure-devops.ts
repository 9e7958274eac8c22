import { CI_PRESET, HOUR, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

/** `sub` of a service connection of Azure DevOps in a token that Entra issued. */
export const SERVICE_CONNECTION = /^\/eid1\/c\/pub\/t\/[^*]+\/sc\/[0-9a-f-]{36}\/[0-9a-f-]{36}$/;

/**
 * Sources: Microsoft "Troubleshoot a workload identity service connection", Azure DevOps REST API "oidctoken", and the
 * token in sigstore/fulcio#1803. The issuer vstoken.dev.azure.com ends on 2027-07-01; new service connections use Entra.
 */
export const AZURE_DEVOPS_PRESET: IssuerPreset = {
  ...CI_PRESET,
  maxLifetime: HOUR,
  urls: [/^vstoken\.dev\.azure\.com\//, /^login\.microsoftonline\.com\//],
  urlForm: {
    pattern:
      /^https:\/\/(?:vstoken\.dev\.azure\.com\/[0-9a-f-]{36}|login\.microsoftonline\.com\/[0-9a-f-]{36}\/v2\.0)$/,
    text: 'https://vstoken.dev.azure.com/ORGANIZATION or https://login.microsoftonline.com/TENANT/v2.0, with the lowercase id',
  },
  fixedAudience: 'api://AzureADTokenExchange',
  exampleUrl: 'https://vstoken.dev.azure.com/00000000-0000-0000-0000-000000000000',
  holder: ['def_id', 'prj_id'],
  immutableIds: ['def_id', 'prj_id', 'org_id'],
  idForm: {
    pattern: /^(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
    text: 'the number of a pipeline, or the lowercase UUID of a project or organization',
  },
  subjectWithIds: SERVICE_CONNECTION,
  chosenByHolder: ['rpo_ref', 'rpo_ver'],
  trace: { project: 'prj_id', job: 'def_id', pipeline: 'run_id' },
  claims: {
    names: wordsOf('org_id prj_id def_id rpo_id rpo_uri rpo_ver rpo_ref run_id tid oid uti ver azp'),
    customPrefixes: [],
  },
  determined: { def_id: ['prj_id', 'org_id', 'sub'], prj_id: ['org_id'] },
  conditionRules: [
    {
      kind: 'needs',
      claims: ['def_id', 'prj_id', 'org_id'],
      other: ['rpo_ref'],
      severity: 'warning',
      message:
        'also matches builds of pull requests, and of forks where the project passes secrets to them; add rpo_ref: refs/heads/main',
    },
  ],
};
