import { parseJsonObject } from '../../../util/json/object.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import type { CredentialFault } from '../request-credential.ts';
import { awsFault, awsInvalid, awsUnreachable } from './aws-fault.ts';
import type { AwsService } from './aws-service.ts';

const ECR = 'Amazon ECR';
const MAX_TOKEN_LENGTH = 16 * 1024;

/** The authorization token of a private registry: 12 h, every registry that the role reaches (Amazon ECR API reference). */
export const ecr: AwsService = {
  endpointPrefix: 'api.ecr',
  requestToken: async ({ url, call, now }) => {
    const response = await call({
      url,
      signingName: 'ecr',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      },
      body: '{}',
    });
    if (response.kind !== 'response') return awsUnreachable(ECR, response);
    const json = parseJsonObject(response.body);
    const members = json.kind === 'object' ? json.value : {};
    if (response.status !== 200) return awsFault(ECR, response, errorCode(members['__type']));
    return readAuthorizationData(members['authorizationData'], now);
  },
};

/** `proxyEndpoint` is not read: the response does not decide where the credential is sent. */
function readAuthorizationData(data: unknown, now: number): GrantedToken | CredentialFault {
  const first: unknown = Array.isArray(data) ? data[0] : undefined;
  const { authorizationToken: token, expiresAt } = (first ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !isAwsLogin(token))
    return awsInvalid(ECR, 'no usable token');
  // Seconds since the epoch, with a fraction.
  if (typeof expiresAt !== 'number') return awsInvalid(ECR, 'a token without expiresAt');
  return { kind: 'token', token, seconds: expiresAt - now / 1000 };
}

/** The Base64 text of `AWS:PASSWORD`. */
function isAwsLogin(token: string): boolean {
  return (
    /^[A-Za-z0-9+/]+={0,2}$/.test(token) && /^AWS:./.test(Buffer.from(token, 'base64').toString('latin1'))
  );
}

/** JSON protocol: the code, in some services with a namespace before `#`. */
function errorCode(type: unknown): string | undefined {
  return typeof type === 'string' ? type.slice(type.indexOf('#') + 1) : undefined;
}
