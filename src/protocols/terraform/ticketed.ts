import { TICKET_PARAMETER } from '../../core/credentials/ticket.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Classification } from '../../core/request/protocol.ts';
import { parameterName, parameterValue, queryParts } from '../../util/http/query-parameters.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { READ_PACKAGES } from '../shared/package-operations.ts';
import { FILE } from './download-plan.ts';

/** Resources that a ticket can name. Anything else is not a ticket of this protocol. */
const RESOURCE = /^(?:modules|providers)\/[0-9A-Za-z._:/-]{1,400}$/;

/**
 * The operations of a download with a ticket: those of the ticket, which name the package whatever the path, and those of
 * the path, if it is a route. The ticket is not verified here: authentication refuses any other than the gateway's.
 */
export function classifyTicketed(query: string, own: Classification): Classification {
  const resources = resourcesOf(query);
  if (resources === undefined) return own;
  const named: Operation[] = resources.map((resource) => ({ scope: READ_PACKAGES, resource, extent: 'one' }));
  if (own.kind !== 'operations') return { kind: 'operations', operations: named, plan: FILE };
  const others = own.operations.filter(
    ({ scope, resource, extent }) =>
      scope !== READ_PACKAGES || extent !== 'one' || !resources.includes(resource),
  );
  return { kind: 'operations', operations: [...named, ...others], plan: { ...own.plan, tickets: true } };
}

function resourcesOf(query: string): readonly string[] | undefined {
  const part = queryParts(query).find(({ text }) => parameterName(text) === TICKET_PARAMETER);
  const [, payload] = part === undefined ? [] : (parameterValue(part.text)?.split('.') ?? []);
  if (payload === undefined) return undefined;
  const claims = parseJsonObject(Buffer.from(payload, 'base64url'));
  const resources: unknown = claims.kind === 'object' ? claims.value['resources'] : undefined;
  if (!Array.isArray(resources) || resources.length !== 1) return undefined;
  return resources.every((each): each is string => typeof each === 'string' && RESOURCE.test(each))
    ? resources
    : undefined;
}
