import type { Words } from './words.js';

export const german: Words = {
  actionRequired: {
    title: 'Adobe oder Frame.io benötigt zuerst etwas von Ihnen',
    text: 'Sie sind noch nicht angemeldet. Fahren Sie auf deren Seite fort, erledigen Sie, was dort verlangt wird, und melden Sie sich dann erneut an.',
  },
  declined: {
    title: 'Sie haben sich nicht angemeldet',
    text: 'Sie haben abgelehnt. Diese Anwendung hat keine Daten von Ihnen erhalten.',
  },
  confirmation: {
    title: 'Bei Frame.io anmelden?',
    text: 'Eine andere Website hat Sie zur Anmeldung hierher geleitet, vielleicht mit einem fremden Konto. Fahren Sie nur fort, wenn Sie sich anmelden möchten.',
  },
  notLoggedIn: {
    title: 'Bitte zuerst einloggen',
    text: 'Sie können Frame.io verbinden, nachdem Sie sich bei dieser Anwendung eingeloggt haben.',
  },
  notCompleted: {
    title: 'Die Anmeldung wurde nicht abgeschlossen',
    text: 'Sie wurde in einem anderen Browser begonnen, hat zu lange gedauert oder war schon abgeschlossen. Beginnen Sie sie hier neu.',
  },
  notAllowed: {
    title: 'Es wurde nichts geändert',
    text: 'Eine andere Website hat diese Anfrage gesendet. Verwenden Sie die Seiten dieser Anwendung.',
  },
  outage: {
    title: 'Die Anmeldung funktioniert im Moment nicht',
    text: 'Es gibt eine Störung hier oder bei Frame.io; es ist nichts verloren gegangen. Bitte versuchen Sie es noch einmal: Laden Sie diese Seite in einigen Minuten neu.',
  },
  continue: 'Weiter',
  tryAgain: 'Noch einmal versuchen',
  signInAgain: 'Erneut anmelden',
};
