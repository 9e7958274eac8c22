import { CI_PRESET, RSA_AND_EC, type IssuerPreset } from '../issuer-preset.ts';

/** JWT-SVIDs. Sources: SPIFFE standards "JWT-SVID", "SPIFFE ID", "SPIFFE Trust Domain and Bundle". */
export const SPIFFE_PRESET: IssuerPreset = {
  ...CI_PRESET,
  algorithms: RSA_AND_EC,
  urlForm: {
    pattern: /^spiffe:\/\/[a-z0-9._-]{1,255}$/,
    text: 'spiffe://TRUST-DOMAIN, with lowercase letters, digits, ".", "-" and "_"',
  },
  exampleUrl: 'spiffe://example.org',
  tokenForm: 'jwt_svid',
  holder: ['sub'],
};
