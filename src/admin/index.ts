export type { AdminPorts, Readiness } from './admin-app.ts';
export { createAdmin, type Admin, type AdminSettings } from './admin.ts';
