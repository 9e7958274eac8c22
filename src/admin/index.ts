export type { AdminPorts, Readiness } from './admin-app.ts';
export type { RevocableNames } from './revocation-body.ts';
export { createAdmin, type Admin, type AdminSettings } from './admin.ts';
