import { AUDIENCE, ISSUER } from '../machine/token.ts';
import type { TlsFiles } from './contestant.ts';

export interface EnvoySettings {
  readonly port: number;
  readonly upstream: string;
  readonly keySet: string;
  readonly accessLog: string;
  readonly tokenCache: boolean;
  readonly tls: TlsFiles | undefined;
}

const EXTENSIONS = 'type.googleapis.com/envoy.extensions';

/** Envoy reads JSON as YAML. */
export function envoyConfiguration(settings: EnvoySettings): string {
  const { port, tls, upstream } = settings;
  return JSON.stringify({
    static_resources: {
      listeners: [
        {
          address: address('127.0.0.1', port),
          filter_chains: [
            {
              filters: [{ name: 'http', typed_config: connectionManager(settings) }],
              ...(tls && { transport_socket: downstreamTls(tls) }),
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          connect_timeout: '5s',
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(upstream) } }] }],
          },
        },
      ],
    },
  });
}

function connectionManager({ keySet, accessLog, tokenCache }: EnvoySettings): object {
  return {
    '@type': `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'api',
    common_http_protocol_options: { idle_timeout: '300s' },
    stream_idle_timeout: '0s',
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '0s' } }],
        },
      ],
    },
    access_log: [
      {
        name: 'file',
        typed_config: {
          '@type': `${EXTENSIONS}.access_loggers.file.v3.FileAccessLog`,
          path: accessLog,
          log_format: { json_format: LOG_FIELDS },
        },
      },
    ],
    http_filters: [
      { name: 'jwt', typed_config: jwtFilter(keySet, tokenCache) },
      { name: 'rbac', typed_config: rbacFilter() },
      { name: 'router', typed_config: { '@type': `${EXTENSIONS}.filters.http.router.v3.Router` } },
    ],
  };
}

const LOG_FIELDS = {
  time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(:PATH)%',
  status: '%RESPONSE_CODE%',
  duration: '%DURATION%',
  client: '%DOWNSTREAM_REMOTE_ADDRESS%',
  id: '%REQ(X-REQUEST-ID)%',
  sub: '%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:claims:sub)%',
};

function jwtFilter(keySet: string, tokenCache: boolean): object {
  return {
    '@type': `${EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication`,
    providers: {
      gitlab: {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        local_jwks: { inline_string: keySet },
        payload_in_metadata: 'claims',
        claim_to_headers: [{ header_name: 'x-auth-subject', claim_name: 'sub' }],
        ...(tokenCache && { jwt_cache_config: { jwt_cache_size: 50_000 } }),
      },
    },
    rules: [{ match: { prefix: '/' }, requires: { provider_name: 'gitlab' } }],
  };
}

function rbacFilter(): object {
  const claim = (name: string, value: string): object => ({
    metadata: {
      filter: 'envoy.filters.http.jwt_authn',
      path: [{ key: 'claims' }, { key: name }],
      value: { string_match: { exact: value } },
    },
  });
  const identity = { and_ids: { ids: [claim('project_id', '20'), claim('ref_protected', 'true')] } };
  const paths = [{ url_path: { path: { prefix: '/api/v1/' } } }];
  return {
    '@type': `${EXTENSIONS}.filters.http.rbac.v3.RBAC`,
    rules: { action: 'ALLOW', policies: { payments: { permissions: paths, principals: [identity] } } },
  };
}

function downstreamTls({ certFile, keyFile }: TlsFiles): object {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
      },
    },
  };
}

function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } };
}

function addressOf(origin: string): object {
  const { hostname, port } = new URL(origin);
  return address(hostname, Number(port));
}
