import type { z } from 'zod';
import { DEFAULT_JWS_ALGORITHM } from '../../../util/crypto/jws.ts';
import { readJwsKey } from '../../../util/crypto/private-key.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { isHeaderText } from '../../schema/scalars.ts';
import type { upstreamAuth } from '../../schema/upstream-auth.ts';
import { fileText } from '../file-text.ts';
import type { RuleContext } from '../rule.ts';
import { secretKeys } from '../secret-keys.ts';
import { checkSecret, isPrivate } from './auth-values.ts';

type OAuth2 = NonNullable<z.output<typeof upstreamAuth>['oauth2']>;
type TokenEndpoint = Omit<OAuth2, 'clientId'> & { readonly clientId?: string | undefined };
type ClientAssertion = NonNullable<OAuth2['clientAssertion']>;

/** The client credentials grant is for clients that authenticate (RFC 6749 §4.4). */
export function requireClientAuthentication(context: RuleContext, oauth2: OAuth2, path: KeyPath): void {
  if (oauth2.clientAssertion !== undefined || secretKeys('clientSecret', oauth2).length > 0) return;
  const message = 'needs clientSecret, clientSecretFile, clientSecretFromVault or clientAssertion';
  context.error(path, message, 'key');
}

/** A token endpoint and the client authentication there. */
export function checkTokenEndpoint(
  context: RuleContext,
  settings: TokenEndpoint,
  path: KeyPath,
  /** Parameters of the grant that the gateway sets. */
  ofGrant: ReadonlySet<string> = new Set(),
): void {
  const { tokenEndpoint, clientId, clientAssertion } = settings;
  const hasSecret = secretKeys('clientSecret', settings).length > 0;
  if (!isPrivate(tokenEndpoint))
    context.error([...path, 'tokenEndpoint'], 'must be https: the secret travels to it');
  if (clientId !== undefined && !isHeaderText(clientId))
    context.error([...path, 'clientId'], 'must be printable ASCII');
  if (hasSecret) checkSecret(context, path, 'clientSecret', settings);
  if (hasSecret && clientAssertion !== undefined) {
    const message = 'give either a client secret or clientAssertion, not both';
    context.error([...path, 'clientAssertion'], message, 'key');
  }
  if (clientId === undefined && (hasSecret || clientAssertion?.keyFile !== undefined))
    context.error(path, 'needs clientId: the gateway authenticates as a client', 'key');
  if (clientAssertion !== undefined)
    checkClientAssertion(context, clientAssertion, [...path, 'clientAssertion']);
  for (const name of Object.keys(settings.parameters)) {
    if (!SET_BY_GATEWAY.has(name) && !ofGrant.has(name)) continue;
    const where = [...path, 'parameters', name];
    context.error(where, 'is set by the gateway; `scope` and the client have keys of their own', 'key');
  }
}

const SET_BY_GATEWAY: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
]);

function checkClientAssertion(context: RuleContext, settings: ClientAssertion, path: KeyPath): void {
  const { tokenFile, keyFile, ...ofKey } = settings;
  if (tokenFile === undefined && keyFile === undefined)
    return context.error(path, 'needs tokenFile or keyFile', 'key');
  if (tokenFile === undefined) return checkKey(context, settings, path);
  if (keyFile !== undefined)
    return context.error([...path, 'keyFile'], 'give either tokenFile or keyFile, not both', 'key');
  for (const name of Object.keys(ofKey))
    context.error([...path, name], 'needs keyFile: the token of tokenFile is sent unchanged', 'key');
}

/** Unreadable files are reported with all other files. */
function checkKey(
  context: RuleContext,
  { keyFile, certificateFile, algorithm = DEFAULT_JWS_ALGORITHM }: ClientAssertion,
  path: KeyPath,
): void {
  const pem = fileText(keyFile);
  const certificate = fileText(certificateFile);
  if (pem === undefined || (certificateFile !== undefined && certificate === undefined)) return;
  const read = readJwsKey(pem, algorithm, certificate);
  if (read.kind === 'key') return;
  const [name, file] = read.file === 'key' ? ['keyFile', keyFile] : ['certificateFile', certificateFile];
  context.error([...path, name], `${file} ${read.detail}`);
}
