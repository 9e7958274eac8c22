import { CI_PRESET, HOUR, wordsOf, type IssuerPreset } from '../issuer-preset.ts';
import type { DefaultCondition } from '../guarded-claims.ts';

/** The claim that contains the claims of AWS, as the start of a JSON pointer. */
const STS = '/https:~1~1sts.amazonaws.com~1';

const subjectGuard = (claim: string): DefaultCondition => ({
  kind: 'default_condition',
  claim,
  operator: 'in',
  values: ['AWSIdentity'],
  refusedValues: ['OriginIdentity'],
  optional: true,
  replacedBy: ['equals', 'in'],
  why: 'a token with SubjectMode=OriginIdentity, whose sub is a subject outside AWS, matches only if equals or in lists the mode',
  effect: 'whose sub is a subject outside AWS; list the accepted modes',
  example: '{ in: [OriginIdentity] }',
});

/**
 * Tokens of STS GetWebIdentityToken; each account has an issuer. Sources: IAM User Guide "Understanding token claims",
 * STS API reference "GetWebIdentityToken". The API reference does not tell on which level `subject_mode` is.
 */
export const AWS_PRESET: IssuerPreset = {
  ...CI_PRESET,
  algorithms: ['RS256', 'ES384'],
  maxLifetime: HOUR,
  urls: [/^[^./]+\.tokens\.sts\.global\.api\.aws\//],
  exampleUrl: 'https://00000000-0000-0000-0000-000000000000.tokens.sts.global.api.aws',
  holder: [`${STS}/principal_id`],
  chosenByHolder: ['scope', `${STS}/request_tags`, `${STS}/principal_tags`],
  sessionEnd: `${STS}/original_session_exp`,
  trace: { project: `${STS}/aws_account`, job: `${STS}/principal_id` },
  claims: {
    names: [
      'scope',
      'subject_mode',
      'https://sts.amazonaws.com/',
      ...wordsOf(`
        aws_account source_region org_id ou_path principal_id principal_tags request_tags
        original_session_exp source_identity federated_provider identity_store_user_id
        identity_store_arn lambda_source_function_arn ec2_source_instance_arn subject_mode`).map(
        (member) => `${STS}/${member}`,
      ),
    ],
    customPrefixes: [],
  },
  lists: [],
  determined: {
    sub: [`${STS}/aws_account`, `${STS}/org_id`],
    [`${STS}/principal_id`]: [`${STS}/aws_account`, `${STS}/org_id`],
    [`${STS}/aws_account`]: [`${STS}/org_id`],
  },
  guards: [subjectGuard('subject_mode'), subjectGuard(`${STS}/subject_mode`)],
  conditionRules: [
    {
      kind: 'unusable',
      claims: [`${STS}/request_tags`, 'scope'],
      severity: 'error',
      message:
        'is chosen by the caller of GetWebIdentityToken, so it proves nothing; bind /https:~1~1sts.amazonaws.com~1/principal_id, the ARN of the role',
    },
    {
      kind: 'unusable',
      claims: [`${STS}/principal_tags`],
      severity: 'warning',
      message:
        'contains session tags, which a caller with sts:TagSession chooses; bind /https:~1~1sts.amazonaws.com~1/principal_id too, and restrict sts:TagSession',
    },
  ],
};
