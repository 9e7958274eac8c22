export { createAuthenticator } from './authenticator.ts';
export type { Authentication, ServiceAuthenticator } from './authentication.ts';
export type { AuthenticatePorts, Authenticator, IssuerStatus } from './authenticator.ts';
export type {
  AuthenticateSettings,
  DeployTokenSettings,
  IssuerSettings,
  JobTokenTiming,
  KeyTiming,
  ServiceSettings,
} from './settings.ts';
