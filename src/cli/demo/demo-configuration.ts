import type { DemoStory } from './demo-story.ts';

/** Claims of a job of acme/payments, as GitLab writes them into its ID token. */
export const DEMO_JOB = {
  sub: 'project_path:acme/payments:ref_type:branch:ref:main',
  project_id: '20',
  project_path: 'acme/payments',
  namespace_id: '7',
  namespace_path: 'acme',
  ref: 'main',
  ref_type: 'branch',
  ref_protected: 'true',
  pipeline_id: '1001',
  job_id: '5001',
  user_login: 'ada',
};

/** The text of the demo's gatehouse.yaml. */
export function demoConfiguration(
  publicUrl: string,
  issuer: string,
  { grants, services }: Pick<DemoStory, 'grants' | 'services'>,
): string {
  return `version: 1

server:
  listen: ${new URL(publicUrl).host}
  publicUrl: ${publicUrl}
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 1s }

logs: { level: warn }
audit: { file: audit.log }
state: { sqlite: { file: state.db } }

issuers:
  gitlab: { type: gitlab, issuer: '${issuer}' }

identities:
  payments:
    issuer: gitlab
    match: { project_id: '20', ref: main, ref_type: branch, ref_protected: true }
    grants:
${grants.map((grant) => `      - ${grant}\n`).join('')}
services:
${services.map((service) => `  ${service}\n`).join('')}`;
}
