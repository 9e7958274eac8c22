import type { HeaderGroup } from './acting-headers.ts';

/**
 * Headers that impersonate another user. Forwarding them would let the client choose the user; removing them would
 * silently run the request as the gateway's account. The gateway refuses the request instead.
 */
export const IMPERSONATION_HEADERS: readonly HeaderGroup[] = [
  {
    source: 'Kubernetes, "User impersonation" (kubectl --as, --as-group, --as-uid)',
    names: ['Impersonate-*'],
    identityHeaders: 'never',
  },
  {
    source: 'Elasticsearch run_as; OpenSearch Security, rest_impersonation_user',
    names: ['es-security-runas-user', 'opendistro_security_impersonate_as'],
  },
  {
    source: 'Azure DevOps Server client libraries',
    names: ['X-TFS-Impersonate', 'X-TFS-SubjectDescriptorImpersonate'],
  },
  { source: 'Dataverse Web API, "Impersonate another user"', names: ['MSCRMCallerID', 'CallerObjectId'] },
  { source: 'Redmine REST API; Zendesk and Zammad APIs', names: ['X-Redmine-Switch-User', 'X-On-Behalf-Of'] },
];

/**
 * Headers that identify the caller to an upstream, by default or when a proxy in front of it is configured. The gateway
 * removes them from client requests and sets those in `identityHeaders`. `X-Auth-*` and `X-Forwarded-*` are always removed.
 */
export const TRUSTED_USER_HEADERS: readonly HeaderGroup[] = [
  {
    source:
      'CGI REMOTE_USER as a header: Nexus Rut Auth, Artifactory HTTP SSO, Authelia (Remote-User, Remote-Groups)',
    names: ['Remote-*', 'X-SSO-User'],
  },
  {
    source: 'Kubernetes request-header authentication (X-Remote-User, X-Remote-Group, X-Remote-Extra-)',
    names: ['X-Remote-*'],
  },
  { source: 'Grafana auth.proxy; Gitea and Forgejo reverse proxy authentication', names: ['X-WebAuth-*'] },
  {
    source: 'Kong: consumer, OAuth 2.0 and OpenID Connect plug-ins; Apache APISIX openid-connect',
    names: [
      'X-Authenticated-*',
      'X-Consumer-*',
      'X-Anonymous-Consumer',
      'X-Credential-*',
      'X-Userinfo',
      'X-ID-Token',
    ],
  },
  { source: 'authentik; Vouch; Pomerium', names: ['X-authentik-*', 'X-Vouch-*', 'X-Pomerium-*'] },
  {
    source: 'Google IAP, API Gateway, Endpoints',
    names: [
      'X-Goog-Authenticated-User-*',
      'X-Goog-IAP-*',
      'X-Apigateway-Api-Userinfo',
      'X-Endpoint-API-UserInfo',
    ],
  },
  { source: 'Azure App Service authentication', names: ['X-MS-Client-Principal*', 'X-MS-Token-*'] },
  { source: 'AWS Application Load Balancer', names: ['X-Amzn-Oidc-*', 'X-Amzn-Mtls-*'] },
  {
    source: 'Cloudflare Access; Tailscale Serve; Teleport; WSO2',
    names: ['Cf-Access-*', 'Tailscale-*', 'Teleport-Jwt-Assertion', 'X-JWT-Assertion'],
  },
  {
    source:
      'mod_auth_openidc; Shibboleth ShibUseHeaders; mod_auth_cas; SiteMinder; WebSEAL; Oracle Access Manager',
    names: [
      'OIDC-*',
      'Shib-*',
      'CAS-User',
      'SM-User*',
      'iv-user',
      'iv-groups',
      'iv-creds',
      'OAM-Remote-User',
    ],
  },
  {
    source: 'OpenSearch Security proxy authentication; Kubeflow; NiFi; Pulp with Red Hat identity',
    names: [
      'X-Proxy-User',
      'X-Proxy-Roles',
      'X-Proxy-Ext-*',
      'Kubeflow-UserID',
      'Kubeflow-Groups',
      'X-ProxiedEntit*',
      'X-ProxiedIssuersChain',
      'X-RH-Identity',
    ],
  },
  {
    source:
      'Client certificate: RFC 9440; ingress-nginx, Keycloak (SSL_CLIENT_CERT), Puppet Server, Azure App Service',
    names: [
      'Client-Cert*',
      'SSL-Client-*',
      'SSL-Cert*',
      'Cert-Chain*',
      'X-SSL-*',
      'X-TLS-Client-*',
      'X-Client-Cert*',
      'X-Client-DN',
      'X-Client-Verify',
      'X-ARR-ClientCert',
    ],
  },
];
