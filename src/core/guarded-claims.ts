import type { IssuerType } from './issuer-presets.ts';

/**
 * The claim that guards an issuer type: its tokens match an identity only if the claim is safe or explicitly
 * accepted.
 */
export const GUARDED_CLAIMS: Readonly<Partial<Record<IssuerType, 'event_name' | 'job_project_id'>>> = {
  github: 'event_name',
  gitlab: 'job_project_id',
};

/**
 * GitHub events that run untrusted input with the permissions of the base repository:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
export const UNTRUSTED_EVENTS = ['pull_request_target', 'workflow_run'] as const;
