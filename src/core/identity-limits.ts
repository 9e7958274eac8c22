import type { Caller, Deny } from './decision.ts';

/** Limits of an identity, or of each identity at a service. An absent member does not limit. */
export interface RequestLimits {
  readonly requestsPerSecond?: number | undefined;
  readonly concurrent?: number | undefined;
}

/** A request that the policy allows. */
export interface LimitedRequest {
  readonly service: string;
  /** Undefined for an anonymous request, which counts for the network of its client. */
  readonly caller: Caller | undefined;
  readonly clientAddress: string;
  /** The gateway forwards the request, so that it is in flight until its end; a proxy forwards a subrequest's. */
  readonly forwarded: boolean;
}

/** The places of a request in flight. */
export interface HeldPlaces {
  readonly kind: 'held';
  release(): void;
}

/** Counts the request in every limit that applies to it, or in none if one is exhausted. Undefined: no limit applies. */
export type AdmitRequest = (request: LimitedRequest) => HeldPlaces | Deny | undefined;

/** The exhausted member of `RequestLimits`. */
export type ExhaustedLimit = keyof RequestLimits;
