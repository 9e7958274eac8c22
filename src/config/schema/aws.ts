import { z } from 'zod';
import { filePath, url } from './scalars.ts';

export const aws = z
  .strictObject({
    region: z
      .string()
      .regex(/^[a-z]+(?:-[a-z]+)+-\d{1,2}$/, { error: 'must be an AWS region such as eu-central-1' })
      .describe('AWS region of the service and of its STS endpoint.'),
    roleArn: z
      .string()
      .regex(/^arn:aws(?:-cn|-us-gov)?:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, {
        error: 'must be the ARN of a role such as arn:aws:iam::123456789012:role/gatehouse',
      })
      .describe('Role that the gateway assumes (AssumeRoleWithWebIdentity).'),
    webIdentityTokenFile: filePath.describe(
      'OIDC token for the role, such as a projected token of Kubernetes with the audience sts.amazonaws.com. Re-read on change, sent unchanged.',
    ),
    sessionName: z
      .string()
      .regex(/^[\w+=,.@-]{2,64}$/, { error: 'must be 2 to 64 letters, digits and "+=,.@-_"' })
      .default('gatehouse')
      .describe('Name of the session in CloudTrail. Default: gatehouse.'),
    service: z
      .enum(['ecr'])
      .describe('AWS service that issues the token. ecr: private registries of Amazon ECR, 12 h.'),
    endpoints: z
      .strictObject({
        sts: url.optional().describe('URL of AWS STS. Default: the public endpoint of the region.'),
        ecr: url
          .optional()
          .describe('URL of the API of Amazon ECR. Default: the public endpoint of the region.'),
      })
      .prefault({})
      .describe('Endpoints to use instead of the public ones, for example of AWS PrivateLink.'),
  })
  .optional()
  .describe(
    'Token of an AWS service, requested with a role and a web identity token and renewed before it expires. Services of type oci.',
  );
