// What differs between lines of Nest: routes, injection, pipes, guards, filters, adapters and related packages. It runs
// on both lines.
import './frameio-auth.health.spec.js';
import './connection.spec.js';
import './frameio-auth.module.spec.js';
import './parameters.decorator.spec.js';
import './request-sessions.service.spec.js';
import './sign-in/sign-in.controller.spec.js';
