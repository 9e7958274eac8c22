import type { Clock, EgressBodyClient } from '../../../core/ports.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import type { CredentialFault } from '../request-credential.ts';
import { assumeRole } from './assume-role.ts';
import type { AwsService } from './aws-service.ts';
import type { AwsSettings } from './aws-settings.ts';
import { ecr } from './ecr.ts';
import { signRequest } from './sign-request.ts';

const SERVICES: Readonly<Record<AwsSettings['service'], AwsService>> = { ecr };

const MAX_BYTES = 64 * 1024;

/** Assumes the role with the web identity token, and requests the token of the AWS service with its session. */
export async function requestAwsToken(
  name: string,
  { region, roleArn, sessionName, service, endpoints }: AwsSettings,
  webIdentityToken: string,
  { egress, clock }: { readonly egress: EgressBodyClient; readonly clock: Clock },
): Promise<GrantedToken | CredentialFault> {
  const pool = `AWS, ${name}` as const;
  const { endpointPrefix, requestToken } = SERVICES[service];
  const regional = (prefix: string): string => `https://${prefix}.${region}.${domainOf(roleArn)}/`;
  const role = { roleArn, sessionName, stsUrl: endpoints.sts ?? regional('sts') };
  const session = await assumeRole(role, webIdentityToken, egress, pool);
  if (session.kind === 'credential-fault') return session;
  return requestToken({
    url: endpoints[service] ?? regional(endpointPrefix),
    now: clock.now(),
    async call({ signingName, ...request }) {
      const scope = { service: signingName, region };
      const headers = await signRequest(request, scope, session, clock.now());
      const { url, body: text } = request;
      return egress.post({ url, headers, text, pool, maxBytes: MAX_BYTES });
    },
  });
}

/** Endpoints by partition (AWS General Reference); aws-us-gov has the domain of aws. */
function domainOf(roleArn: string): string {
  return roleArn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
}
