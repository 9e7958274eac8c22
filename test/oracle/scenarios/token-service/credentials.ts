import { CREDENTIALS } from '../credential-names.ts';

/** Issued by the gateway before the cases run. */
export const ISSUED = [
  'minted',
  'minted for orders',
  'minted for reading',
  'minted for own',
  'minted from a job',
  'minted from a deploy token',
  'minted for a workload',
  'minted for npm',
  'minted for pypi',
  'minted for a registry',
  'minted for the other registry',
  'minted and revoked',
  'minted and tampered',
];
/** Every credential of the token service; undefined: none. */
export const ALL = [...CREDENTIALS, ...ISSUED, 'workload audience', 'npm audience', 'pypi audience'];
