import { createHash, X509Certificate } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';

/** A federated identity credential of an application, or the certificate of its own key (PEM). */
export interface EntraCredentials {
  readonly federated?: {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly subject: string;
    readonly audience: string;
  };
  readonly certificate?: string;
}

export interface EntraRefusal {
  /** The number of the AADSTS error. */
  readonly code: number;
  readonly text: string;
}

export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Client assertions as learn.microsoft.com describes them: "application authentication certificate credentials" (PS256,
 * `x5t#S256`, `aud` the token endpoint, `iss` and `sub` the client id) and "workload identity federation" (`iss`, `sub` and
 * `aud` equal to the federated credential, case-sensitive).
 */
export async function verifyEntraAssertion(
  assertion: string,
  clientId: string,
  tokenEndpoint: string,
  { federated, certificate }: EntraCredentials,
): Promise<EntraRefusal | undefined> {
  const { iss, sub, aud } = decodeJwt(assertion);
  if (iss === clientId) return verifyOwnKey(assertion, clientId, tokenEndpoint, certificate);
  if (federated === undefined) return { code: 70025, text: 'No federated identity credentials configured.' };
  if (iss !== federated.issuer) return { code: 700211, text: 'No matching record for the assertion issuer.' };
  if (sub !== federated.subject)
    return { code: 700213, text: 'No matching record for the assertion subject.' };
  if (aud !== federated.audience)
    return { code: 700212, text: 'No matching record for the assertion audience.' };
  const verified = await jwtVerify(assertion, createRemoteJWKSet(new URL(federated.jwksUri))).catch(
    () => null,
  );
  return verified === null
    ? { code: 700024, text: 'Client assertion is not within its valid range.' }
    : undefined;
}

async function verifyOwnKey(
  assertion: string,
  clientId: string,
  tokenEndpoint: string,
  pem: string | undefined,
): Promise<EntraRefusal | undefined> {
  const certificate = pem === undefined ? undefined : new X509Certificate(pem);
  const thumbprint = certificate && createHash('sha256').update(certificate.raw).digest('base64url');
  const header = decodeProtectedHeader(assertion) as Readonly<Record<string, unknown>>;
  if (certificate === undefined || header['x5t#S256'] !== thumbprint)
    return { code: 700027, text: 'The certificate with the thumbprint is not registered.' };
  const options = {
    algorithms: ['PS256'],
    typ: 'JWT',
    issuer: clientId,
    subject: clientId,
    audience: tokenEndpoint,
    requiredClaims: ['exp', 'nbf', 'iat', 'jti'],
  };
  const verified = await jwtVerify(assertion, certificate.publicKey, options).catch(() => null);
  return verified === null
    ? { code: 700027, text: 'The client assertion failed signature validation.' }
    : undefined;
}
