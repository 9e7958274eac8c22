import { CI_PRESET, RSA_AND_EC, type IssuerPreset } from '../issuer-preset.ts';

/** Any other OpenID provider: its tokens have the claims that its administrators chose. */
export const OIDC_PRESET: IssuerPreset = {
  ...CI_PRESET,
  algorithms: [...RSA_AND_EC, 'EdDSA', 'Ed25519'],
  lists: ['roles', 'groups', 'amr'],
};
