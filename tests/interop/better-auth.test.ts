import { describe } from 'vitest';
import { startBetterAuth } from './better-auth.js';
import { lawsOfServers } from './laws-of-servers.js';

describe('at better-auth', () => lawsOfServers(startBetterAuth));
