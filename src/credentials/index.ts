export { createAuthenticator } from './authenticator.ts';
export type { Authentication, ServiceAuthenticator } from './authentication.ts';
export type { AuthenticatePorts, Authenticator } from './authenticator.ts';
export type {
  AuthenticateSettings,
  DeployTokenSettings,
  IssuerSettings,
  JobTokenChecks,
  KeyTiming,
  ServiceSettings,
} from './settings.ts';
export { createExtract, type Extract, type ExtractSettings } from './extract/extract.ts';
export { createCredentialFromText, type TokenClassSettings } from './extract/from-text.ts';
export { classOfToken } from './extract/token-class.ts';
export { recognizeMistake } from './mistakes.ts';
