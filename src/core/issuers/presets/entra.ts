import { CI_PRESET, wordsOf, type IssuerPreset } from '../issuer-preset.ts';
import { SERVICE_CONNECTION } from './azure-devops.ts';

/** Source: Microsoft "ID token claims reference", "access token claims reference" and "optional claims". */
export const ENTRA_PRESET: IssuerPreset = {
  ...CI_PRESET,
  maxLifetime: 2 * 86_400,
  urls: [/^login\.microsoftonline\.com\//, /^sts\.windows\.net\//],
  urlForm: {
    pattern:
      /^https:\/\/(?:login\.microsoftonline\.com\/[0-9a-f-]{36}\/v2\.0|sts\.windows\.net\/[0-9a-f-]{36}\/)$/,
    text: 'https://login.microsoftonline.com/TENANT/v2.0 or https://sts.windows.net/TENANT/, TENANT being the tenant’s lowercase id (not "common")',
  },
  exampleUrl: 'https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0',
  holder: ['oid'],
  immutableIds: ['oid', 'azp', 'appid', 'roles'],
  subjectWithIds: SERVICE_CONNECTION,
  open: true,
  jti: 'uti',
  claims: {
    names: wordsOf(`
      acct acr acrs aio amr appid appidacr app_displayname auth_time azp azpacr ctry deviceid email
      family_name fwd given_name groups hasgroups idp idtyp in_corp ipaddr login_hint name nonce oid
      onprem_sid preferred_username pwd_exp pwd_url puid rh roles scp sid tenant_ctry
      tenant_region_scope tid unique_name upn uti ver verified_primary_email verified_secondary_email
      vnet wids zoneinfo`),
    customPrefixes: ['extension_', 'extn.', 'xms_'],
  },
  lists: ['roles', 'groups', 'wids', 'amr'],
  determined: {
    oid: ['azp', 'appid', 'roles', 'sub', 'idtyp'],
    sub: ['oid', 'azp', 'appid', 'roles', 'idtyp'],
  },
};
