import { CI_PRESET, RSA_AND_EC, type IssuerPreset } from '../issuer-preset.ts';

const SERVICE_ACCOUNT = ['namespace', 'serviceaccount/name', 'serviceaccount/uid'].map(
  (member) => `/kubernetes.io/${member}`,
);

/** Source: Kubernetes "Managing Service Accounts". */
export const KUBERNETES_PRESET: IssuerPreset = {
  ...CI_PRESET,
  algorithms: RSA_AND_EC,
  maxLifetime: 366 * 86_400,
  exampleUrl: 'https://kubernetes.default.svc',
  // RBAC can allow a workload to create service accounts, but only in its own namespace.
  holder: ['/kubernetes.io/namespace'],
  // Who can create pods chooses their names.
  chosenByHolder: ['/kubernetes.io/pod/name'],
  claims: {
    names: [
      'kubernetes.io',
      '/kubernetes.io/namespace',
      '/kubernetes.io/warnafter',
      ...['serviceaccount', 'pod', 'node', 'secret'].flatMap((object) => [
        `/kubernetes.io/${object}`,
        `/kubernetes.io/${object}/name`,
        `/kubernetes.io/${object}/uid`,
      ]),
    ],
    customPrefixes: [],
    listsMembers: true,
  },
  determined: {
    sub: SERVICE_ACCOUNT,
    '/kubernetes.io/serviceaccount/uid': [...SERVICE_ACCOUNT, 'sub'],
  },
};
