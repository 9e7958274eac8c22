export { genericProtocol } from './generic.ts';
export { httpProtocol, type HttpSettings } from './http.ts';
export { jsonRefusal } from './refusal.ts';
