export const DAY = 86_400_000;

/** How long before its expiry a certificate is reported. */
const NOTICE = 30 * DAY;

interface CertificateFacts {
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** A sentence about a certificate that has expired or expires within 30 days; otherwise undefined. */
export function expiryWarning({ subject, expires }: CertificateFacts, now: number): string | undefined {
  if (Number.isNaN(expires) || expires - now > NOTICE) return undefined;
  const day = new Date(expires).toISOString().slice(0, 10);
  if (expires <= now) return `the certificate of "${subject}" expired on ${day}; replace it`;
  const days = Math.ceil((expires - now) / DAY);
  return `the certificate of "${subject}" expires on ${day}, ${days === 1 ? 'within a day' : `within ${days} days`}; replace it`;
}
