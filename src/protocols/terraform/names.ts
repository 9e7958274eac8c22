/** Names of namespaces, modules and provider types (Terraform registry protocols, "Service Discovery"). */
const NAME = /^[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?$/;

/** A provider's host has a dot, or it would be the namespace of an abbreviated source address. */
const PROVIDER_HOST = /^(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;

const STATE_SEGMENT = /^[0-9A-Za-z][0-9A-Za-z._~+@=-]*$/;

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isProviderHost(text: string): boolean {
  return PROVIDER_HOST.test(text);
}

/** Names of states are chosen by the configuration of the backend; they can have several segments. */
export function isStateName(segments: readonly string[]): boolean {
  return segments.length > 0 && segments.every((segment) => STATE_SEGMENT.test(segment));
}
