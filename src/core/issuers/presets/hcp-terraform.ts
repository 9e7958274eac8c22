import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const ORGANIZATION = ['terraform_organization_id', 'terraform_organization_name'];
const PROJECT = ['terraform_project_id', 'terraform_project_name', ...ORGANIZATION];

/** HCP Terraform and Terraform Enterprise. Source: HashiCorp "Workload identity tokens". */
export const HCP_TERRAFORM_PRESET: IssuerPreset = {
  ...CI_PRESET,
  urls: [/^app\.terraform\.io\//, /^app\.eu\.terraform\.io\//],
  exampleUrl: 'https://app.terraform.io',
  holder: ['terraform_workspace_id', 'terraform_organization_id'],
  immutableIds: ['terraform_workspace_id', 'terraform_project_id', 'terraform_organization_id'],
  idForm: {
    pattern: /^(?:org|prj|ws)-[A-Za-z0-9]+$/,
    text: 'an id such as "ws-mbsd5E3Ktt5Rg2Xm", not a name',
  },
  chosenByHolder: ['terraform_run_phase', 'terraform_workspace_name', 'terraform_project_name'],
  open: true,
  trace: { project: 'terraform_full_workspace', pipeline: 'terraform_run_id' },
  claims: {
    names: wordsOf(`
      terraform_organization_id terraform_organization_name terraform_project_id
      terraform_project_name terraform_workspace_id terraform_workspace_name terraform_full_workspace
      terraform_run_id terraform_run_phase`),
    customPrefixes: ['terraform_'],
  },
  determined: {
    terraform_workspace_id: ['terraform_workspace_name', 'terraform_full_workspace', ...PROJECT],
    terraform_project_id: PROJECT,
    terraform_organization_id: ORGANIZATION,
    terraform_organization_name: ORGANIZATION,
  },
  guards: [
    {
      kind: 'default_condition',
      claim: 'terraform_run_phase',
      operator: 'in',
      values: ['apply'],
      refusedValues: ['plan'],
      optional: false,
      replacedBy: ['equals', 'in'],
      why: 'a plan, which runs code before its review, matches only if equals or in lists it; tokens without terraform_run_phase, such as of module tests, never match',
      effect: 'which runs code before its review; list the accepted phases',
      example: '{ in: [apply] }',
    },
  ],
};
