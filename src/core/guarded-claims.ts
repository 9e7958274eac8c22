import type { IssuerType } from './issuer-presets.ts';

/** The guard claim of an issuer type: an identity must accept unsafe values explicitly. */
export const GUARDED_CLAIMS: Readonly<Partial<Record<IssuerType, 'event_name' | 'job_project_id'>>> = {
  github: 'event_name',
  gitlab: 'job_project_id',
};

/**
 * GitHub events that run untrusted input with the permissions of the base repository:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
export const UNTRUSTED_EVENTS = ['pull_request_target', 'workflow_run'] as const;
