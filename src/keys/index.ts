export { createKeyring, type KeyringSettings } from './keyring.ts';
