import { authenticateRequest } from './steps/authenticate-request.ts';
import {
  authorizeOperationsInBody,
  authorizeRequest,
  bufferOperations,
  reauthorizeRequest,
} from './steps/authorize-request.ts';
import { bindPackage } from './steps/bind-package.ts';
import { refuseMalformedHead, requireAudit } from './steps/check-request.ts';
import { classifyRequest, refuseUnsafeHeaders } from './steps/classify-request.ts';
import { bufferCredentialForm, extractCredential } from './steps/extract-credential.ts';
import { forwardRequest, requireUpstream } from './steps/forward-request.ts';
import { limitRequest } from './steps/limit-request.ts';
import { addSlash, callEndpoint, routeRequest } from './steps/route-request.ts';
import { requireRunningJob } from './steps/require-running-job.ts';
import type { Step } from './steps/step.ts';
import {
  authorizeForm,
  refuseBody,
  refusePlan,
  refuseRewriting,
  requireSubrequestRules,
  respondToProxy,
} from './steps/answer-subrequest.ts';

/** The request lifecycle. The first step that refuses or handles the request ends it; its end is audited. */
function lifecycle({ routed, classified, authorized }: LifecycleEnd): readonly Step[] {
  return [
    requireAudit,
    refuseMalformedHead,
    routeRequest,
    ...routed,
    refuseUnsafeHeaders,
    classifyRequest,
    ...classified,
    extractCredential,
    authenticateRequest,
    authorizeRequest,
    requireRunningJob,
    ...authorized,
  ];
}

/** The steps that depend on the component that forwards the request. */
interface LifecycleEnd {
  readonly routed: readonly Step[];
  readonly classified: readonly Step[];
  readonly authorized: readonly Step[];
}

/** The gateway forwards the request, so it can read the body and rewrite the head. */
const FORWARDED: LifecycleEnd = {
  routed: [callEndpoint, requireUpstream, addSlash],
  classified: [bufferCredentialForm],
  authorized: [
    limitRequest,
    bufferOperations,
    authorizeOperationsInBody,
    bindPackage,
    reauthorizeRequest,
    forwardRequest,
  ],
};

/** A proxy forwards the request as the client sent it, if the response to its subrequest is 200. */
const FORWARDED_BY_PROXY: LifecycleEnd = {
  routed: [requireSubrequestRules, refuseRewriting],
  classified: [refuseBody],
  authorized: [authorizeForm, refusePlan, limitRequest, reauthorizeRequest, respondToProxy],
};

export const LIFECYCLES = {
  gateway: lifecycle(FORWARDED),
  proxy: lifecycle(FORWARDED_BY_PROXY),
} as const;
