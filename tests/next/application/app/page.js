import { createElement } from 'react';
import { frameio } from '../frameio';

export default async function Home() {
  const session = await frameio.session();
  return createElement('h1', null, session === undefined ? 'Welcome' : 'Welcome back');
}
