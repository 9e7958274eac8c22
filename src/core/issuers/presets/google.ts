import { CI_PRESET, HOUR, wordsOf, type IssuerPreset } from '../issuer-preset.ts';

const ENGINE = '/google/compute_engine';

/** ID tokens of service accounts. Sources: Google "Verify the identity of instances", "Get an ID token". */
export const GOOGLE_PRESET: IssuerPreset = {
  ...CI_PRESET,
  maxLifetime: HOUR,
  urls: [/^accounts\.google\.com\//],
  urlForm: { pattern: /^https:\/\/accounts\.google\.com$/, text: 'https://accounts.google.com' },
  keyOrigins: ['https://www.googleapis.com'],
  exampleUrl: 'https://accounts.google.com',
  holder: ['sub'],
  immutableIds: ['sub', `${ENGINE}/project_number`, `${ENGINE}/instance_id`],
  idForm: { pattern: /^\d+$/, text: 'the numeric id of a service account, project or instance, not a name' },
  // Anyone can have a project with such an instance.
  chosenByHolder: [
    'email_verified',
    ...wordsOf('instance_name zone license_id').map((member) => `${ENGINE}/${member}`),
  ],
  open: true,
  trace: { project: `${ENGINE}/project_id`, job: `${ENGINE}/instance_id` },
  claims: {
    names: [
      ...wordsOf('azp email email_verified hd at_hash google /google/compute_engine'),
      ...wordsOf(`
        instance_id instance_name project_id project_number zone instance_creation_timestamp
        license_id instance_confidentiality`).map((member) => `${ENGINE}/${member}`),
    ],
    customPrefixes: [],
    listsMembers: true,
  },
  lists: [`${ENGINE}/license_id`],
  determined: {
    sub: ['email', 'azp', 'hd'],
    [`${ENGINE}/project_number`]: [`${ENGINE}/project_id`],
    [`${ENGINE}/instance_id`]: ['project_number', 'project_id'].map((member) => `${ENGINE}/${member}`),
  },
  guards: [
    {
      kind: 'default_condition',
      claim: 'email_verified',
      operator: 'in',
      values: ['true'],
      refusedValues: ['false'],
      optional: true,
      replacedBy: ['equals', 'in'],
      why: 'a token with an unverified email address matches only if equals or in lists the value of email_verified',
      effect: 'so that the email address proves nothing; list the accepted values',
      example: '{ in: ["true"] }',
    },
  ],
};
