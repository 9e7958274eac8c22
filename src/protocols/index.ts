export { httpProtocol, jsonRefusal, type HttpSettings } from './http.ts';
