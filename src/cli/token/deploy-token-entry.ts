import { SERVICE_TRAITS } from '../../config/index.ts';

type ServiceType = keyof typeof SERVICE_TRAITS;

export const SERVICE_TYPES = Object.keys(SERVICE_TRAITS).filter(isServiceType);

export function isServiceType(type: string): type is ServiceType {
  return Object.hasOwn(SERVICE_TRAITS, type);
}

/** The entry of `deployTokens` in YAML. */
export function deployTokenEntry(
  name: string,
  username: string,
  secretHash: string,
  expires: string | undefined,
  type: ServiceType | undefined,
): string {
  const [read = ''] = SERVICE_TRAITS[type ?? 'generic'].scopes;
  return [
    'deployTokens:',
    `  ${JSON.stringify(name)}:`,
    `    username: ${JSON.stringify(username)}`,
    `    secretHash: "${secretHash}"`,
    ...(expires === undefined ? [] : [`    expires: ${expires}`]),
    ...scopeLines(type).map((line) => `    # ${line}`),
    `    grants: [{ service: SERVICE, scopes: [${read}], resources: [${type === 'http' ? '"/**"' : '"**"'}] }]`,
  ].join('\n');
}

/** The scopes of the type, or of all types. Types with the same scopes share a line. */
function scopeLines(type: ServiceType | undefined): readonly string[] {
  const typesByScopes = new Map<string, ServiceType[]>();
  for (const each of type === undefined ? SERVICE_TYPES : [type]) {
    const scopes = SERVICE_TRAITS[each].scopes.join(', ');
    typesByScopes.set(scopes, [...(typesByScopes.get(scopes) ?? []), each]);
  }
  return [...typesByScopes].map(
    ([scopes, types]) =>
      `scopes of type ${types.join(', ')}: ${scopes}` +
      (types.includes('http') ? '; or those of the operations of the service' : ''),
  );
}
