// What differs between lines of Nest: routes, injection, pipes, guards, filters, adapters and related packages. It runs
// on both lines.
import './on-both-lines/health.spec.js';
import './on-both-lines/life-cycle.spec.js';
import './on-both-lines/module.spec.js';
import './on-both-lines/pipes.spec.js';
import './on-both-lines/requests.spec.js';
import './on-both-lines/sign-in.spec.js';
