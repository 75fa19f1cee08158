import type { Words } from './words.js';

export const spanish: Words = {
  actionRequired: {
    title: 'Primero se necesita algo de usted',
    text: 'Haga lo que se le pide allí y, a continuación, vuelva a iniciar sesión.',
  },
  declined: { title: 'No ha iniciado sesión', text: 'No se ha compartido ningún dato suyo con esta aplicación.' },
  confirmation: {
    title: '¿Iniciar sesión en Frame.io?',
    text: 'Otro sitio le ha enviado aquí. Continúe solo si desea iniciar sesión.',
  },
  notLoggedIn: {
    title: 'Identifíquese primero',
    text: 'Identifíquese en esta aplicación y vuelva después.',
  },
  notCompleted: {
    title: 'El inicio de sesión no se ha completado',
    text: 'Puede que se iniciara en otro navegador, hace demasiado tiempo, o que ya se haya completado.',
  },
  notAllowed: {
    title: 'No se ha hecho nada',
    text: 'La solicitud no procedía de una página de esta aplicación.',
  },
  outage: {
    title: 'Esto no funciona en este momento',
    text: 'No se ha perdido nada. Vuelva a intentarlo más tarde: recargue esta página.',
  },
  continue: 'Continuar',
  tryAgain: 'Volver a intentarlo',
  signInAgain: 'Volver a iniciar sesión',
};
