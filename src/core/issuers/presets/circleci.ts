import { CI_PRESET, HOUR, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const claim = (name: string): string => `oidc.circleci.com/${name}`;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Sources: CircleCI "OpenID Connect tokens in jobs", "OIDC tokens with custom claims". Each organization has an issuer. */
export const CIRCLECI_PRESET: IssuerPreset = {
  ...CI_PRESET,
  maxLifetime: HOUR,
  urls: [/^oidc\.circleci\.com\//],
  urlForm: {
    pattern: new RegExp(`^https://oidc\\.circleci\\.com/org/${UUID}$`),
    text: 'https://oidc.circleci.com/org/UUID, UUID being the lowercase id of the organization',
  },
  defaultAudience: new RegExp(`^${UUID}$`),
  exampleUrl: 'https://oidc.circleci.com/org/00000000-0000-0000-0000-000000000000',
  holder: [claim('project-id')],
  immutableIds: [claim('project-id'), claim('context-ids')],
  idForm: { pattern: new RegExp(`^${UUID}$`), text: 'a lowercase UUID, not a name' },
  chosenByHolder: [claim('vcs-origin'), claim('vcs-ref'), claim('ssh-rerun')],
  trace: { project: claim('vcs-origin'), job: claim('job-id'), pipeline: claim('pipeline-id') },
  claims: {
    names: wordsOf(`
      project-id context-ids vcs-origin vcs-ref ssh-rerun org-id pipeline-id workflow-id job-id
      pipeline-definition-id user-id`).map(claim),
    customPrefixes: [],
  },
  lists: [claim('context-ids')],
  determined: {},
  guards: [
    {
      kind: 'default_condition',
      claim: claim('ssh-rerun'),
      operator: 'in',
      values: ['false'],
      refusedValues: ['true'],
      optional: false,
      replacedBy: ['equals', 'in'],
      why: 'a job that was rerun with SSH, in which a person can enter commands, matches only if equals or in lists "true"',
      effect: 'with which a person enters commands in the job; list the accepted values',
      example: '{ in: ["false"] }',
    },
  ],
  conditionRules: [
    {
      kind: 'needs',
      claims: [claim('project-id'), claim('context-ids')],
      other: [claim('vcs-origin')],
      severity: 'error',
      message:
        'also matches builds of forks where the project passes secrets to them: only the repository differs; add oidc.circleci.com/vcs-origin: github.com/OWNER/REPOSITORY',
    },
  ],
};
