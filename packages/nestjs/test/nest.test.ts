// Runs on both lines of Nest. It is one file, because loading Nest takes longer than the tests, and each file may get a
// worker of its own.
import './on-both-lines/callbacks.spec.js';
import './on-both-lines/health.spec.js';
import './on-both-lines/life-cycle.spec.js';
import './on-both-lines/module.spec.js';
import './on-both-lines/pipes.spec.js';
import './on-both-lines/requests.spec.js';
import './on-both-lines/sign-in.spec.js';
