import { ASSERTION_TYPE } from '../credentials/assertion.ts';
import type { IssuerPreset } from './issuer-preset.ts';
import { AWS_PRESET } from './presets/aws.ts';
import { AZURE_DEVOPS_PRESET } from './presets/azure-devops.ts';
import { BITBUCKET_PRESET } from './presets/bitbucket.ts';
import { BUILDKITE_PRESET } from './presets/buildkite.ts';
import { CIRCLECI_PRESET } from './presets/circleci.ts';
import { ENTRA_PRESET } from './presets/entra.ts';
import { GITHUB_PRESET } from './presets/github.ts';
import { GITLAB_PRESET } from './presets/gitlab.ts';
import { GOOGLE_PRESET } from './presets/google.ts';
import { HCP_TERRAFORM_PRESET } from './presets/hcp-terraform.ts';
import { KUBERNETES_PRESET } from './presets/kubernetes.ts';
import { OIDC_PRESET } from './presets/oidc.ts';
import { SPIFFE_PRESET } from './presets/spiffe.ts';

export const ISSUER_TYPES = [
  'gitlab',
  'github',
  'kubernetes',
  'entra',
  'aws',
  'azure-devops',
  'bitbucket',
  'buildkite',
  'circleci',
  'google',
  'hcp-terraform',
  'spiffe',
  'oidc',
] as const;

export type IssuerType = (typeof ISSUER_TYPES)[number];

/**
 * Values of the JOSE header `typ` that an issuer's `tokenTypes` can accept in addition to `JWT`. Other types
 * have another purpose (RFC 8725 §3.11): logout, security event, DPoP.
 */
export const ADDITIONAL_TOKEN_TYPES = ['at+jwt', ASSERTION_TYPE] as const;

export const ISSUER_PRESETS: Readonly<Record<IssuerType, IssuerPreset>> = {
  gitlab: GITLAB_PRESET,
  github: GITHUB_PRESET,
  kubernetes: KUBERNETES_PRESET,
  entra: ENTRA_PRESET,
  aws: AWS_PRESET,
  'azure-devops': AZURE_DEVOPS_PRESET,
  bitbucket: BITBUCKET_PRESET,
  buildkite: BUILDKITE_PRESET,
  circleci: CIRCLECI_PRESET,
  google: GOOGLE_PRESET,
  'hcp-terraform': HCP_TERRAFORM_PRESET,
  spiffe: SPIFFE_PRESET,
  oidc: OIDC_PRESET,
};
