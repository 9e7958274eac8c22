import { unable, type Unable } from '../core/decision.ts';
import { GatehouseError } from '../core/errors.ts';

/** The store and the keyring, whose key is in it, reject with `GatehouseError`. Any other cause is a fault. */
export function storeUnavailable(cause: unknown): Unable {
  if (cause instanceof GatehouseError) return unable('store_unavailable', cause.message);
  throw cause;
}
