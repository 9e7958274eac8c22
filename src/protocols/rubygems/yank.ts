import { deny, type Deny } from '../../core/decision.ts';
import type {
  OperationsInBody,
  OperationsOfBody,
  RequestedOperations,
  UnnamedResource,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { plainContentType, readFormFields, type FormField } from '../../util/http/form-fields.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';
import { eachPackage, unnamedPackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { gemName, gemsOfVersion } from './names.ts';

/** Bytes of a form with a name, a version and a platform. */
const MAX_FORM = 16 * 1024;

const NAMED_IN_QUERY: UnnamedResource = {
  detail: 'the query of a yank can name another gem than its form; clients send no query',
};

/** `DELETE api/v1/gems/yank` with a form that names the gem (rubygems yank_command.rb). */
export function yank({ query, rawHeaders }: RequestHead): OperationsInBody | RequestedOperations | Deny {
  // Rails and Gitea also read parameters from the query.
  if (query.length > 1) return unnamedPackage(NAMED_IN_QUERY);
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
  const fields = readFormFields(type, body) ?? [];
  const name = gemName(valueOf(fields, 'gem_name') ?? '');
  const version = valueOf(fields, 'version');
  const platform = valueOf(fields, 'platform', '');
  if (name === undefined || version === undefined || platform === undefined)
    return deny('request_malformed', 'a yank without one valid gem_name and version');
  // Servers take the file of the version from these fields.
  const gems = gemsOfVersion({ name, version, platform });
  return gems === undefined
    ? deny('request_malformed', 'a yank of a version that is not valid')
    : eachPackage(WRITE_PACKAGES, gems);
}

/** Undefined if other fields have a name that servers read as the same. */
function valueOf(fields: readonly FormField[], name: string, absent?: string): string | undefined {
  const [field, ...others] = fields.filter(
    (one) => foldParameterName(one.name).replaceAll('-', '_') === name,
  );
  if (field === undefined) return absent;
  return field.name === name && others.length === 0 ? field.value : undefined;
}
