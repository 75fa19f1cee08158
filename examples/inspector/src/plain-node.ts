// A service with a session that you can watch in a browser. Run `npm start`, and open the link.
import { ServerToServerAuth } from '@frameio-auth/core';
import { localInspector } from '@frameio-auth/inspector';
import { account, leave, stay } from './surroundings.ts';

const inspector = localInspector();
const auth = new ServerToServerAuth({ ...account, inspect: inspector });
await auth.getToken();

await stay(inspector, () => auth.refresh());
await auth.close();
await inspector.close();
await leave();
