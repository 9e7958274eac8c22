import { HEADER_PRESETS, type HeaderPreset } from '../../core/headers/header-presets.ts';
import { foldLoosely } from '../../util/http/header-name.ts';

type Templates = Record<string, string>;

/** The identity headers of a service: those of its preset, unless `identityHeaders` sets a header of the same name. */
export function identityHeadersOf({
  headerPreset,
  identityHeaders,
}: {
  readonly headerPreset?: HeaderPreset | undefined;
  readonly identityHeaders: Templates;
}): Templates {
  if (headerPreset === undefined) return identityHeaders;
  const replaced = new Set(Object.keys(identityHeaders).map(foldLoosely));
  const preset = Object.entries(HEADER_PRESETS[headerPreset]).filter(
    ([name]) => !replaced.has(foldLoosely(name)),
  );
  return { ...Object.fromEntries(preset), ...identityHeaders };
}
