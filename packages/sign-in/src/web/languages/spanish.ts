import type { Words } from './words.js';

export const spanish: Words = {
  actionRequired: {
    title: 'Adobe o Frame.io necesita primero algo de usted',
    text: 'Todavía no ha iniciado sesión. Continúe en su página, haga lo que se le pide y vuelva a iniciar sesión.',
  },
  declined: {
    title: 'No ha iniciado sesión',
    text: 'Ha rechazado la solicitud, así que no se ha compartido nada con esta aplicación.',
  },
  confirmation: {
    title: '¿Iniciar sesión en Frame.io?',
    text: 'Otro sitio le ha enviado aquí para iniciar sesión, quizá con una cuenta que no es suya. Continúe solo si desea iniciar sesión.',
  },
  notLoggedIn: {
    title: 'Identifíquese primero',
    text: 'Podrá conectar Frame.io cuando se haya identificado en esta aplicación.',
  },
  notCompleted: {
    title: 'El inicio de sesión no se ha completado',
    text: 'Se inició en otro navegador, tardó demasiado o ya se había completado. Vuelva a empezar aquí.',
  },
  notAllowed: {
    title: 'No se ha cambiado nada',
    text: 'Otro sitio ha enviado esta solicitud. Use las páginas de esta aplicación.',
  },
  outage: {
    title: 'El inicio de sesión no funciona en este momento',
    text: 'Hay un problema aquí o en Frame.io, y no se ha perdido nada. Vuelva a intentarlo: recargue esta página en unos minutos.',
  },
  continue: 'Continuar',
  tryAgain: 'Volver a intentarlo',
  signInAgain: 'Volver a iniciar sesión',
};
