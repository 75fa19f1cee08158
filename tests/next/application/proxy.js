import { frameio } from './frameio.js';

export const proxy = frameio.proxy;

export const config = { matcher: ['/guarded'] };
