import { isRecord } from '../../../src/util/json/object.ts';
import { startApi, type ApiResponse, type TestApi } from './api-server.ts';

interface TestPod {
  uid: string;
  phase: string;
  serviceAccount: string;
}

/** The TokenReview, Pod and SelfSubjectAccessReview APIs of Kubernetes (reference of the API, v1). */
export interface KubernetesApi extends TestApi {
  /** By namespace and name: `payments/deployer-0`. */
  readonly pods: Map<string, TestPod>;
  /** The rights of the gateway. */
  rights: readonly string[];
  /** The API server does not know audiences: `status.audiences` is absent. */
  withoutAudiences: boolean;
}

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const state = {
    pods: new Map<string, TestPod>(),
    rights: ['create tokenreviews', 'get pods'] as readonly string[],
    withoutAudiences: false,
  };
  return startApi(
    state,
    ({ method, path, body }) => {
      const document: unknown = method === 'POST' ? JSON.parse(body) : undefined;
      const spec = isRecord(document) && isRecord(document['spec']) ? document['spec'] : {};
      if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews')
        return access(spec, state.rights);
      if (path === '/apis/authentication.k8s.io/v1/tokenreviews') {
        return state.rights.includes('create tokenreviews')
          ? review(spec, state)
          : forbidden('tokenreviews.authentication.k8s.io');
      }
      if (!state.rights.includes('get pods')) return forbidden('pods');
      const [, namespace = '', name = ''] =
        /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(path) ?? [];
      const pod = state.pods.get(`${namespace}/${name}`);
      return pod === undefined ? notFound(name) : podResponse(namespace, name, pod);
    },
    { status: 401, body: failure('Unauthorized', 401, 'Unauthorized') },
  );
}

function failure(reason: string, code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

function forbidden(resource: string): ApiResponse {
  const message = `${resource} is forbidden: User "system:serviceaccount:gatehouse:gatehouse" cannot access it`;
  return { status: 403, body: failure('Forbidden', 403, message) };
}

function notFound(name: string): ApiResponse {
  return { status: 404, body: failure('NotFound', 404, `pods "${name}" not found`) };
}

/** `status.error` explains a refusal; `authenticated` is omitted if it is false (omitempty). */
function review(
  spec: Readonly<Record<string, unknown>>,
  {
    pods,
    withoutAudiences,
  }: { readonly pods: ReadonlyMap<string, TestPod>; readonly withoutAudiences: boolean },
): ApiResponse {
  const { token, audiences } = spec;
  const claims = claimsOf(String(token));
  const { namespace, pod } = claims['kubernetes.io'] ?? {};
  const found = pods.get(`${namespace ?? ''}/${pod?.name ?? ''}`);
  const requested = Array.isArray(audiences) ? audiences.map(String) : [];
  const confirmed = [claims.aud ?? []].flat().filter((each) => requested.includes(each));
  const common = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec };
  if (found === undefined || found.uid !== pod?.uid || confirmed.length === 0) {
    const error = '[invalid bearer token, service account token has been invalidated]';
    return { status: 201, body: { ...common, status: { user: {}, error } } };
  }
  const user = {
    username: claims.sub,
    uid: found.uid,
    groups: ['system:serviceaccounts', 'system:authenticated'],
  };
  const status = { authenticated: true, user, ...(withoutAudiences ? {} : { audiences: confirmed }) };
  return { status: 201, body: { ...common, status } };
}

interface ServiceAccountClaims {
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly 'kubernetes.io'?: {
    readonly namespace?: string;
    readonly pod?: { readonly name?: string; readonly uid?: string };
  };
}

function claimsOf(token: string): ServiceAccountClaims {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return JSON.parse(payload) as ServiceAccountClaims;
}

function podResponse(namespace: string, name: string, { uid, phase, serviceAccount }: TestPod): ApiResponse {
  return {
    status: 200,
    body: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name, namespace, uid, resourceVersion: '1', creationTimestamp: '2026-11-21T11:58:00Z' },
      spec: { serviceAccountName: serviceAccount, containers: [{ name: 'main', image: 'deployer:1' }] },
      status: { phase, podIP: '10.0.0.7', startTime: '2026-11-21T11:59:00Z' },
    },
  };
}

function access(spec: Readonly<Record<string, unknown>>, rights: readonly string[]): ApiResponse {
  const { verb, resource } = spec['resourceAttributes'] as { verb: string; resource: string };
  const allowed = rights.includes(`${verb} ${resource}`);
  const body = {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    spec,
    status: { allowed },
  };
  return { status: 201, body };
}
