import { frameio } from '../../../../frameio';

export const { GET, HEAD, POST } = frameio.handlers;
