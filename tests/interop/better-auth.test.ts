import { describe } from 'vitest';
import { startBetterAuth } from './better-auth.js';
import { testServerRequirements } from './server-requirements.js';

describe('at better-auth', () => testServerRequirements(startBetterAuth));
