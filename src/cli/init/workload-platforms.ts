import { NO_UUID } from './init-issuer.ts';
import type { InitPlatform } from './init-platform.ts';
import { readAccountIssuer, readDomain, readIssuerUrl, readProjectId } from './init-values.ts';

const NO_ACCOUNT = '000000000000';
const AWS = '/https:~1~1sts.amazonaws.com~1';

/** Clouds, and systems that issue tokens to workloads. */
export const WORKLOAD_PLATFORMS: readonly InitPlatform[] = [
  {
    name: 'aws',
    value: 'URL',
    help: 'Trust the IAM roles of the AWS account with this issuer URL.',
    question: 'Issuer URL of the AWS account',
    preset: `https://${NO_UUID}.tokens.sts.global.api.aws`,
    read: readAccountIssuer,
    issuer: (url) => ({
      type: 'aws',
      url,
      request:
        'aws sts get-web-identity-token --audience URL; the issuer: aws iam get-outbound-web-identity-federation-info',
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Callers with one role',
      publishers: 'role',
      reader: 'another role',
      scope: 'account',
      publishes: [
        {
          claim: `${AWS}/principal_id`,
          value: `'arn:aws:iam::${NO_ACCOUNT}:role/Publisher'`,
          source: 'aws iam get-role --role-name NAME --query Role.Arn',
        },
      ],
      reads: [
        {
          claim: `${AWS}/aws_account`,
          value: `'${NO_ACCOUNT}'`,
          source: 'aws sts get-caller-identity --query Account',
        },
      ],
      readerClaims: { [`${AWS}/principal_id`]: `arn:aws:iam::${NO_ACCOUNT}:role/Other` },
      strangerClaims: {
        [`${AWS}/principal_id`]: 'arn:aws:iam::999999999999:role/Publisher',
        [`${AWS}/aws_account`]: '999999999999',
      },
    }),
  },
  {
    name: 'google',
    value: 'NUMBER',
    help: 'Trust the service accounts of the Google Cloud project with this number.',
    question: 'Number of the Google Cloud project',
    preset: '1',
    read: readProjectId,
    issuer: (number) => ({
      type: 'google',
      url: 'https://accounts.google.com',
      request: 'from the metadata server, with audience=URL&format=full: docs/guides/ci/google.md',
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Callers with one service account',
      publishers: 'account',
      reader: 'another account',
      scope: 'project',
      publishes: [
        {
          claim: 'sub',
          value: `'0'`,
          source: `gcloud iam service-accounts describe EMAIL --format='value(uniqueId)'`,
        },
        { claim: '/google/compute_engine/project_number', value: `'${number}'` },
      ],
      reads: [{ claim: '/google/compute_engine/project_number', value: `'${number}'` }],
      claims: { email_verified: true },
      readerClaims: { sub: '1' },
      strangerClaims: { sub: '1', '/google/compute_engine/project_number': `2${number}` },
    }),
  },
  {
    name: 'hcp-terraform',
    value: 'URL',
    help: 'Trust the runs of this HCP Terraform or Terraform Enterprise.',
    question: 'URL of HCP Terraform or Terraform Enterprise',
    preset: 'https://app.terraform.io',
    read: readIssuerUrl,
    issuer: (url) => ({
      type: 'hcp-terraform',
      url,
      request: 'in the workspace: the variable TFC_WORKLOAD_IDENTITY_AUDIENCE with the value URL',
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Runs of one workspace in the phase "apply"',
      publishers: 'apply',
      reader: 'a plan',
      scope: 'workspace',
      publishes: [
        {
          claim: 'terraform_workspace_id',
          value: 'ws-0000000000000000',
          source: 'settings of the workspace',
        },
      ],
      reads: [
        {
          claim: 'terraform_workspace_id',
          value: 'ws-0000000000000000',
          source: 'settings of the workspace',
        },
        {
          claim: 'terraform_run_phase',
          value: 'plan',
          tested: 'apply',
          comment: 'a plan runs code before its review',
        },
      ],
      readerClaims: { terraform_run_phase: 'plan' },
      strangerClaims: { terraform_workspace_id: 'ws-0000000000000001' },
    }),
  },
  {
    name: 'spiffe',
    value: 'DOMAIN',
    help: 'Trust the workloads of this SPIFFE trust domain.',
    question: 'SPIFFE trust domain',
    preset: 'example.org',
    read: readDomain,
    issuer: (domain) => ({
      type: 'spiffe',
      url: `spiffe://${domain}`,
      settings: [
        `jwksUri: https://spire.${domain}:8443/ # replace it by the bundle endpoint, or use jwksFile`,
      ],
      request: 'spire-agent api fetch jwt -audience URL',
      project: { path: 'acme/app', owner: 'acme' },
      subject: 'Workloads with the service account "publisher" of the namespace "ci"',
      publishers: 'publisher',
      reader: 'another service account',
      scope: 'namespace',
      publishes: [{ claim: 'sub', value: `spiffe://${domain}/ns/ci/sa/publisher` }],
      reads: [
        {
          claim: 'sub',
          value: `{ glob: 'spiffe://${domain}/ns/ci/sa/*' }`,
          tested: `spiffe://${domain}/ns/ci/sa/publisher`,
        },
      ],
      readerClaims: { sub: `spiffe://${domain}/ns/ci/sa/other` },
      strangerClaims: { sub: `spiffe://${domain}/ns/billing/sa/publisher` },
    }),
  },
];
