import type { EgressBodyClient, EgressPool } from '../../../core/ports.ts';
import type { CredentialFault } from '../request-credential.ts';
import { awsFault, awsInvalid, awsUnreachable } from './aws-fault.ts';

/** Temporary credentials of a role. */
export interface AwsSession {
  readonly kind: 'session';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface AssumedRole {
  readonly roleArn: string;
  readonly sessionName: string;
  /** URL of the AWS Security Token Service. */
  readonly stsUrl: string;
}

const STS = 'AWS STS';
/** Seconds, the minimum: a session signs one request. */
const DURATION = '900';
const MAX_BYTES = 64 * 1024;

/** AssumeRoleWithWebIdentity, the one call that needs no AWS credential (AWS STS API reference). */
export async function assumeRole(
  { roleArn, sessionName, stsUrl }: AssumedRole,
  webIdentityToken: string,
  egress: EgressBodyClient,
  pool: EgressPool,
): Promise<AwsSession | CredentialFault> {
  const form = new Map([
    ['Action', 'AssumeRoleWithWebIdentity'],
    ['Version', '2011-06-15'],
    ['RoleArn', roleArn],
    ['RoleSessionName', sessionName],
    ['DurationSeconds', DURATION],
    ['WebIdentityToken', webIdentityToken],
  ]);
  const response = await egress.post({ url: stsUrl, form, pool, maxBytes: MAX_BYTES });
  if (response.kind !== 'response') return awsUnreachable(STS, response);
  const xml = response.body.toString('utf8');
  if (response.status !== 200) return awsFault(STS, response, elementOf(xml, 'Code', /[A-Za-z]{1,64}/));
  const accessKeyId = elementOf(xml, 'AccessKeyId', /\w{16,128}/);
  const secretAccessKey = elementOf(xml, 'SecretAccessKey', /[A-Za-z0-9+/=]{16,256}/);
  const sessionToken = elementOf(xml, 'SessionToken', /[A-Za-z0-9+/=]{1,16384}/);
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    return awsInvalid(STS, 'no usable credentials');
  return { kind: 'session', accessKeyId, secretAccessKey, sessionToken };
}

/**
 * The text of the only element of this name. The values that are read contain no character that XML escapes, so a
 * document of another form has none of them.
 */
function elementOf(xml: string, name: string, form: RegExp): string | undefined {
  if (xml.split(`<${name}>`).length !== 2) return undefined;
  return new RegExp(`<${name}>\\s*(${form.source})\\s*</${name}>`).exec(xml)?.[1];
}
