import type { Words } from './words.js';

export const german: Words = {
  actionRequired: {
    title: 'Zuerst wird etwas von Ihnen benötigt',
    text: 'Erledigen Sie, was dort verlangt wird, und melden Sie sich dann erneut an.',
  },
  declined: { title: 'Sie haben sich nicht angemeldet', text: 'Diese Anwendung hat keine Daten von Ihnen erhalten.' },
  confirmation: {
    title: 'Bei Frame.io anmelden?',
    text: 'Eine andere Website hat Sie hierher geleitet. Fahren Sie nur fort, wenn Sie sich anmelden möchten.',
  },
  notLoggedIn: {
    title: 'Bitte zuerst einloggen',
    text: 'Loggen Sie sich bei dieser Anwendung ein und kommen Sie dann zurück.',
  },
  notCompleted: {
    title: 'Die Anmeldung wurde nicht abgeschlossen',
    text: 'Vielleicht wurde sie in einem anderen Browser begonnen, liegt zu lange zurück oder ist bereits abgeschlossen.',
  },
  notAllowed: {
    title: 'Es wurde nichts ausgeführt',
    text: 'Die Anfrage kam nicht von einer Seite dieser Anwendung.',
  },
  outage: {
    title: 'Das funktioniert im Moment nicht',
    text: 'Es ist nichts verloren gegangen. Bitte versuchen Sie es später noch einmal: Laden Sie diese Seite neu.',
  },
  continue: 'Weiter',
  tryAgain: 'Noch einmal versuchen',
  signInAgain: 'Erneut anmelden',
};
