const DAY = 86_400_000;

/** How long before its expiry a certificate is reported. */
const NOTICE = 30 * DAY;

/** The facts of a certificate, in the forms of `X509Certificate`. */
interface CertificateFacts {
  readonly subject: string;
  readonly validTo: string;
}

/** A sentence about a certificate that has expired or expires within 30 days; otherwise undefined. */
export function expiryWarning({ subject, validTo }: CertificateFacts, now: number): string | undefined {
  const end = Date.parse(validTo);
  if (Number.isNaN(end) || end - now > NOTICE) return undefined;
  const name = subject.replaceAll('\n', ', ');
  const day = new Date(end).toISOString().slice(0, 10);
  if (end <= now) return `the certificate of "${name}" expired on ${day}; replace it`;
  const days = Math.ceil((end - now) / DAY);
  return `the certificate of "${name}" expires on ${day}, ${days === 1 ? 'within a day' : `within ${days} days`}; replace it`;
}
