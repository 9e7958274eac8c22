import type { Clock } from '../../../core/ports.ts';
import type { VaultField } from '../../../core/vault.ts';
import { basicAuthorization } from '../../../util/http/basic-authorization.ts';
import { openSecret, type SecretPorts } from '../secret-source.ts';
import { openClientAssertion, type ClientAssertionSettings } from './client-assertion.ts';

/** The gateway as a client of a token endpoint: with a secret, an assertion, an id alone, or unknown to it. */
export interface ClientSettings {
  readonly tokenEndpoint: string;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientSecretFile?: string | undefined;
  readonly clientSecretFromVault?: VaultField | undefined;
  readonly clientAssertion?: ClientAssertionSettings | undefined;
  /** Where the secret is sent (RFC 6749 §2.3.1): HTTP Basic, or form fields. */
  readonly authentication: 'basic' | 'form';
}

/** The parts of a token request that authenticate the client. */
export interface AuthenticatedClient {
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

/** The current secret, token or key. */
export interface ClientCredential {
  /** The secret itself, for comparison: a changed file is another credential. */
  readonly material: string;
  /** Called once for each token request. */
  readonly authenticate: () => AuthenticatedClient;
}

export interface ClientAuthentication {
  current(): ClientCredential;
  close(): void;
}

const ASSERTION_TYPE_OF_JWT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function openClientAuthentication(
  service: string,
  settings: ClientSettings,
  ports: SecretPorts & { readonly clock: Clock },
): ClientAuthentication {
  const { clientId, clientAssertion } = settings;
  const { clientSecret: inline, clientSecretFile: file, clientSecretFromVault: vault } = settings;
  const id: Record<string, string> = clientId === undefined ? {} : { client_id: clientId };
  if (clientAssertion !== undefined) {
    const { tokenEndpoint } = settings;
    const nextAssertion = openClientAssertion({ service, clientId, tokenEndpoint }, clientAssertion, ports);
    return {
      current() {
        const { assertion, material } = nextAssertion();
        const proof = (): Record<string, string> => ({
          client_assertion_type: ASSERTION_TYPE_OF_JWT,
          client_assertion: assertion(),
        });
        return { material, authenticate: () => ({ headers: {}, fields: { ...id, ...proof() } }) };
      },
      close: () => undefined,
    };
  }
  if (clientId === undefined || (inline ?? file ?? vault) === undefined) {
    const credential = { material: '', authenticate: () => ({ headers: {}, fields: id }) };
    return { current: () => credential, close: () => undefined };
  }
  const secret = openSecret(service, { inline, file, vault }, ports);
  return {
    current() {
      const material = secret.current();
      const authenticate = (): AuthenticatedClient =>
        settings.authentication === 'form'
          ? { headers: {}, fields: { client_id: clientId, client_secret: material } }
          : { headers: { authorization: basicLogin(clientId, material) }, fields: {} };
      return { material, authenticate };
    },
    close: () => secret.close(),
  };
}

/** RFC 6749 §2.3.1: both parts are form-encoded, so that a colon in them does not separate them. */
function basicLogin(clientId: string, secret: string): string {
  return basicAuthorization(formEncoded(clientId), formEncoded(secret));
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
