/**
 * Identity headers of upstreams that trust a proxy, as templates of `identityHeaders`. The value is the identity and not
 * the subject: its name is unique among the issuers, and no claim of a token chooses it.
 */
export const HEADER_PRESETS = {
  /** oauth2-proxy --pass-user-headers, without the e-mail address, which not every issuer verifies. */
  'oauth2-proxy': {
    'X-Forwarded-User': '{identity}',
    'X-Forwarded-Preferred-Username': '{identity}',
    'X-Forwarded-Groups': '{roles}',
  },
  /** CGI REMOTE_USER as a header: Nexus remote user token, Authelia. */
  'remote-user': { 'Remote-User': '{identity}', 'Remote-Groups': '{roles}' },
  'x-forwarded-user': { 'X-Forwarded-User': '{identity}' },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type HeaderPreset = keyof typeof HEADER_PRESETS;

export const HEADER_PRESET_NAMES = Object.keys(HEADER_PRESETS) as [HeaderPreset, ...HeaderPreset[]];
