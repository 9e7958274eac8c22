import { deny, type Deny } from '../../core/decision.ts';
import type { OperationsInBody, OperationsOfBody, RequestedOperations } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { plainContentType, readFormFields } from '../../util/http/form-fields.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';
import { everyPackage, onePackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { gemName } from './names.ts';

/** Bytes of a form with a name, a version and a platform. */
const MAX_FORM = 16 * 1024;

/** `DELETE api/v1/gems/yank` with a form that names the gem (rubygems yank_command.rb). */
export function yank({ query, rawHeaders }: RequestHead): OperationsInBody | RequestedOperations | Deny {
  // Rails and Gitea also read parameters from the query.
  if (query.length > 1) return everyPackage(WRITE_PACKAGES);
  const type = plainContentType(rawHeaders);
  if (type === undefined) return deny('request_malformed', 'a yank with two content types or an encoding');
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'whole',
    maxBytes: MAX_FORM,
    read: (body) => readYank(type, body),
  };
}

function readYank(type: string, body: Buffer): OperationsOfBody {
  const fields = readFormFields(type, body);
  const [field, ...others] =
    fields?.filter(({ name }) => foldParameterName(name).replaceAll('-', '_') === 'gem_name') ?? [];
  const name = field?.name === 'gem_name' && others.length === 0 ? gemName(field.value ?? '') : undefined;
  return name === undefined
    ? deny('request_malformed', 'a yank without one valid gem_name')
    : onePackage(WRITE_PACKAGES, name);
}
