import { z } from 'zod';

/** The keys of `RequestLimits` for one identity, or for each identity at a service. */
export function requestLimitKeys(subject: string) {
  return {
    requestsPerSecond: z
      .number()
      .min(0.01)
      .max(1_000_000)
      .optional()
      .describe(
        `Requests per second of ${subject}, 0.01 to 1000000. As many may arrive at once, at least one. Further ones get 429 \`identity_limited\` with Retry-After. Default: no limit.`,
      ),
    concurrent: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        `Requests in flight of ${subject}, open WebSockets and running uploads included. Further ones get 429 \`identity_limited\`. Default: no limit.`,
      ),
  };
}

/** `limits` of an identity or a deploy token. */
export function requestLimits(subject: string) {
  return z
    .strictObject(requestLimitKeys(subject))
    .optional()
    .describe(`Limits of ${subject}, over all services and replicas. Default: none.`);
}
