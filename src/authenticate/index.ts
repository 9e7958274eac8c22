export { createAuthenticator } from './authenticator.ts';
export type {
  Authentication,
  AuthenticatePorts,
  Authenticator,
  IssuerStatus,
  ServiceAuthenticator,
} from './authenticator.ts';
export type { AuthenticateSettings, IssuerSettings, KeyTiming, ServiceSettings } from './settings.ts';
