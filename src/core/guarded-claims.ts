import type { IssuerType } from './issuer-presets.ts';

/** The claim by which tokens of an issuer type are refused, unless the identity accepts its value explicitly. */
export const GUARDED_CLAIMS: Readonly<Partial<Record<IssuerType, 'event_name' | 'job_project_id'>>> = {
  github: 'event_name',
  gitlab: 'job_project_id',
};

/**
 * GitHub events that run with the rights of the base repository on input from outside:
 * https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
 */
export const UNTRUSTED_EVENTS = ['pull_request_target', 'workflow_run'] as const;
