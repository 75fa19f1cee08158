// What another line of Nest can change: routes, injection, pipes, guards, filters, adapters and the packages beside it. It
// runs on both lines.
import './on-both-lines/health.spec.js';
import './on-both-lines/life-cycle.spec.js';
import './on-both-lines/module.spec.js';
import './on-both-lines/pipes.spec.js';
import './on-both-lines/requests.spec.js';
import './on-both-lines/sign-in.spec.js';
