import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/text/quoted.ts';
import { readJobClaims } from './job-claims.ts';
import {
  ended,
  RUNNING,
  undecided,
  type Answer,
  type LivenessSource,
  type Members,
  type Probe,
  type Question,
} from './question.ts';

/** A DNS-1123 subdomain ("Object Names and IDs"). */
const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const UID = /^[0-9a-f-]{1,64}$/i;

const CLAIMS = {
  namespace: '/kubernetes.io/namespace',
  serviceAccount: '/kubernetes.io/serviceaccount/name',
  pod: '/kubernetes.io/pod/name',
  uid: '/kubernetes.io/pod/uid',
} as const;

interface Pod {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * A TokenReview, which fails for a deleted pod or service account, and the phase of the pod, which a TokenReview ignores
 * (kubernetes pkg/serviceaccount/claims.go). The token of a minted token's source is not kept: only its pod is checked.
 */
export const KUBERNETES_PODS: LivenessSource = {
  system: 'Kubernetes',
  headers: { accept: 'application/json' },
  readJob(credential) {
    const found = readJobClaims(credential, {
      [CLAIMS.namespace]: NAME,
      [CLAIMS.serviceAccount]: NAME,
      [CLAIMS.pod]: NAME,
      [CLAIMS.uid]: UID,
    });
    if (found.kind === 'deny') return found;
    const pod: Pod = {
      namespace: found[CLAIMS.namespace],
      serviceAccount: found[CLAIMS.serviceAccount],
      name: found[CLAIMS.pod],
      uid: found[CLAIMS.uid],
    };
    const { audiences = [], tokenHash } = credential;
    const reviewed = credential.class === 'id_token';
    return {
      kind: 'job',
      key: [pod.namespace, pod.serviceAccount, pod.name, pod.uid, reviewed ? tokenHash : ''].join(' '),
      holder: pod.namespace,
      questions: (token) => (reviewed ? [reviewOf(token, audiences), phaseOf(pod)] : [phaseOf(pod)]),
    };
  },
  probes: [accessProbe('create', 'tokenreviews', 'authentication.k8s.io'), accessProbe('get', 'pods', '')],
};

/** `POST tokenreviews` (Kubernetes API, TokenReview v1). */
function reviewOf(token: string, audiences: readonly string[]): Question {
  return {
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    json: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
    interpret(status, { kind, status: review }) {
      if (status !== 201 && status !== 200) return denied(status, 'create tokenreviews');
      if (kind !== 'TokenReview' || !isRecord(review)) return undecided('the response is not a TokenReview');
      // `authenticated` is omitted if it is false. The signature is valid, so the pod or service account was deleted.
      if (review['authenticated'] !== true) return ended('the TokenReview does not authenticate the token');
      const confirmed: unknown = review['audiences'];
      return Array.isArray(confirmed) && confirmed.some((each) => audiences.includes(String(each)))
        ? RUNNING
        : undecided('the TokenReview confirms none of the audiences of the token');
    },
  };
}

/** `GET` of the pod. A pod of the same name with another UID is a successor. */
function phaseOf({ namespace, serviceAccount, name, uid }: Pod): Question {
  return {
    path: `/api/v1/namespaces/${namespace}/pods/${name}`,
    interpret(status, body) {
      if (status === 404) {
        // Not of a proxy: RBAC denies with 403.
        const isAboutPod = body['kind'] === 'Status' && body['reason'] === 'NotFound';
        return isAboutPod ? ended(`pod ${namespace}/${name} was deleted`) : undefined;
      }
      if (status !== 200) return denied(status, 'get pods');
      const { kind, metadata, spec, status: state } = body;
      const phase = isRecord(state) ? state['phase'] : undefined;
      if (kind !== 'Pod' || !isRecord(metadata) || !isRecord(spec) || typeof phase !== 'string') {
        return undecided('the response is not a pod');
      }
      if (metadata['uid'] !== uid) return ended(`pod ${namespace}/${name} was replaced by another one`);
      if (spec['serviceAccountName'] !== serviceAccount) {
        return undecided(`pod ${namespace}/${name} has another service account than the token`);
      }
      // The kubelet requests images for a pod in phase Pending.
      return phase === 'Pending' || phase === 'Running'
        ? RUNNING
        : ended(`pod ${namespace}/${name} has phase ${quoted(phase)}`);
    },
  };
}

function denied(status: number, right: string): Answer | undefined {
  switch (status) {
    case 401:
      return undecided('the API server returned 401: it refuses the token of liveness.tokenFile');
    case 403:
      return undecided(
        `the API server returned 403: the service account of the gateway needs the right to ${right}`,
      );
    default:
      return undefined;
  }
}

/** `POST selfsubjectaccessreviews`, which every service account may send. */
function accessProbe(verb: string, resource: string, group: string): Probe {
  return {
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    json: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, resource, group } },
    },
    interpret(status, body: Members) {
      const what = `${verb} ${resource}`;
      if (status === 401) return { ok: false, detail: 'the API server refuses the token of tokenFile (401)' };
      const review = body['status'];
      if ((status !== 201 && status !== 200) || !isRecord(review)) return undefined;
      if (review['allowed'] === true) return { ok: true, detail: `may ${what}` };
      const problem = `may not ${what} in all namespaces`;
      // RBAC can allow it in the namespaces of the pods.
      return resource === 'pods'
        ? { ok: true, detail: problem, warning: `${problem}: tokens of pods in others get 503` }
        : { ok: false, detail: problem };
    },
  };
}
