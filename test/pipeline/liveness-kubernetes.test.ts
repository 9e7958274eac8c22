/** `issuers.X.liveness` of Kubernetes: a TokenReview, and the phase of the pod. */
import { expect, test } from 'vitest';
import { startKubernetesApi, type KubernetesApi } from '../support/liveness/kubernetes-api.ts';
import { startLivenessScenario } from '../support/liveness/scenario.ts';

const start = () =>
  startLivenessScenario<KubernetesApi>({
    type: 'kubernetes',
    api: startKubernetesApi,
    match: '/kubernetes.io/namespace: payments',
  });

const UID = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const running = { uid: UID, phase: 'Running', serviceAccount: 'deployer' };
const POD = 'payments/deployer-0';
const BOUND = {
  'kubernetes.io': {
    namespace: 'payments',
    serviceaccount: { name: 'deployer', uid: '0a1b2c3d-0000-4000-8000-000000000001' },
    pod: { name: 'deployer-0', uid: UID },
    node: { name: 'node-1', uid: 'b6d1c1a0-0000-4000-8000-000000000002' },
  },
};

test('the TokenReview names the audiences, and the pod is read', async () => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running });
  const token = scenario.mint(BOUND);
  expect(await scenario.status(token)).toBe(200);
  expect(await scenario.status(token)).toBe(200);
  const [review, pod, ...more] = scenario.api.requests;
  expect(more).toEqual([]);
  expect(review).toMatchObject({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews' });
  expect(JSON.parse(review?.body ?? '')).toEqual({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: ['https://gateway.example.com'] },
  });
  expect(pod).toMatchObject({ method: 'GET', path: '/api/v1/namespaces/payments/pods/deployer-0' });
});

test('a token of a deleted pod is refused', async () => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running });
  const token = scenario.mint(BOUND);
  expect(await scenario.status(token)).toBe(200);
  scenario.api.pods.delete(POD);
  scenario.clock.advance(30_000);
  expect(await scenario.reason(token)).toBe('job_not_running');
});

test.each(['Succeeded', 'Failed', 'Unknown'])(
  'a TokenReview accepts a pod in phase %s; the gateway does not',
  async (phase) => {
    const scenario = await start();
    scenario.api.pods.set(POD, { ...running, phase });
    expect(await scenario.reason(scenario.mint(BOUND))).toBe('job_not_running');
    expect(scenario.api.requests).toHaveLength(2);
  },
);

test('a pod whose images are being pulled is in phase Pending', async () => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running, phase: 'Pending' });
  expect(await scenario.status(scenario.mint(BOUND))).toBe(200);
});

test('a minted token ends with its pod; only the pod is read', async () => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running });
  const minted = (await scenario.exchange(scenario.mint(BOUND))) ?? '';
  expect(await scenario.status(minted)).toBe(200);
  expect(scenario.api.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
  scenario.clock.advance(30_000);
  // A StatefulSet gives the successor the same name.
  scenario.api.pods.set(POD, { ...running, uid: '00000000-7425-40de-944b-e07fc1f90ae7' });
  expect(await scenario.reason(minted)).toBe('job_not_running');
  scenario.api.pods.delete(POD);
  scenario.clock.advance(10_000);
  expect(await scenario.reason(minted)).toBe('job_not_running');
});

test('an API server that confirms no audience, and a pod with another service account, do not decide', async () => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running });
  scenario.api.withoutAudiences = true;
  expect(await scenario.reason(scenario.mint(BOUND))).toBe('issuer_unavailable');
  scenario.api.withoutAudiences = false;
  scenario.api.pods.set(POD, { ...running, serviceAccount: 'other' });
  expect(await scenario.reason(scenario.mint(BOUND))).toBe('issuer_unavailable');
});

test.each([
  ['tokenreviews', ['get pods']],
  ['pods', ['create tokenreviews']],
])('without the right to %s, tokens get 503 and the audit event names it', async (resource, rights) => {
  const scenario = await start();
  scenario.api.pods.set(POD, { ...running });
  scenario.api.rights = rights;
  const response = await scenario.get(scenario.mint(BOUND));
  expect(response.status).toBe(503);
  expect(JSON.stringify(await scenario.audited(response))).toMatch(
    new RegExp(`needs the right to \\w+ ${resource}`),
  );
});

test('a token that is bound to no pod is refused', async () => {
  const scenario = await start();
  expect(await scenario.reason(scenario.mint())).toBe('credential_invalid');
  expect(scenario.api.requests).toEqual([]);
});
