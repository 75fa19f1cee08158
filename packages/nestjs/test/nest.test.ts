// One file, because loading Nest takes longer than the tests, and each file may get its own worker.
import './both-lines.spec.js';
import './sign-in/callbacks.spec.js';
import './sign-in/sign-in-security.spec.js';
