import { html } from 'hono/html';
import type { CertificateReport } from '../../../status-report.ts';
import type { Html } from '../../console-page.ts';
import { NOTICE_DAYS } from './degradations.ts';

export function certificatesView(certificates: readonly CertificateReport[]): Html {
  if (certificates.length === 0) return html`<p class="empty">No certificate is in use.</p>`;
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Certificates">
    <table>
      <thead>
        <tr>
          <th scope="col">Certificate</th>
          <th scope="col">Role</th>
          <th scope="col" class="number">Days left</th>
          <th scope="col">Expires</th>
          <th scope="col">Subject</th>
        </tr>
      </thead>
      <tbody>
        ${certificates.map(
          ({ role, key, subject, expires, daysLeft }) =>
            html`<tr>
              <th scope="row"><code>${key}</code></th>
              <td>${role}</td>
              <td class="number">${daysView(daysLeft)}</td>
              <td><time datetime="${expires}">${expires.slice(0, 10)}</time></td>
              <td>${subject}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function daysView(daysLeft: number): Html {
  if (daysLeft < 0) return html`<span class="badge bad">expired</span>`;
  return daysLeft <= NOTICE_DAYS ? html`<span class="badge warning">${daysLeft}</span>` : html`${daysLeft}`;
}
