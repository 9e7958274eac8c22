import { readFileSync } from 'node:fs';
import { expiryWarning } from '../../core/operation/certificate-expiry.ts';
import { firstToExpire, parseCertificates, type Certificate } from '../../util/tls/certificates.ts';
import { certificateFiles } from '../model/certificate-files.ts';
import type { RuleContext } from './rule.ts';

/** Warns about certificates that have expired or expire soon. Files that cannot be read are reported elsewhere. */
export function checkCertificates(context: RuleContext): void {
  for (const { path, file } of certificateFiles(context.draft)) {
    const soonest = firstToExpire(certificatesIn(file));
    const problem = soonest && expiryWarning(soonest, context.now);
    if (problem !== undefined) context.warn(path, `${file}: ${problem}`);
  }
}

function certificatesIn(file: string): readonly Certificate[] {
  try {
    return parseCertificates(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}
