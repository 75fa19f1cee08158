import { describe } from 'vitest';
import { lawsOfServers } from './laws-of-servers.js';
import { startOauth2orize } from './oauth2orize.js';

describe('at oauth2orize', () => lawsOfServers(startOauth2orize));
