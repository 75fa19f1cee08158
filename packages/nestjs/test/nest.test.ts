// One file, because loading Nest takes longer than the tests, and each file may get its own worker.
import './on-both-lines.spec.js';
import './on-the-newer-line/callbacks.spec.js';
import './on-the-newer-line/sign-in-security.spec.js';
