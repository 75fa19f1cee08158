import type { Words } from './words.js';

export const french: Words = {
  actionRequired: {
    title: 'Une action de votre part est d’abord nécessaire',
    text: 'Effectuez ce qui vous y est demandé, puis connectez-vous à nouveau.',
  },
  declined: {
    title: 'Vous ne vous êtes pas connecté',
    text: 'Aucune de vos données n’a été partagée avec cette application.',
  },
  confirmation: {
    title: 'Se connecter à Frame.io ?',
    text: 'Un autre site vous a envoyé ici. Ne continuez que si vous souhaitez vous connecter.',
  },
  notLoggedIn: {
    title: 'Identifiez-vous d’abord',
    text: 'Identifiez-vous auprès de cette application, puis revenez.',
  },
  notCompleted: {
    title: 'La connexion n’a pas abouti',
    text: 'Elle a peut-être été commencée dans un autre navigateur, il y a trop longtemps, ou est déjà terminée.',
  },
  notAllowed: {
    title: 'Rien n’a été effectué',
    text: 'La demande ne provenait pas d’une page de cette application.',
  },
  outage: {
    title: 'Cela ne fonctionne pas pour le moment',
    text: 'Rien n’est perdu. Veuillez réessayer plus tard : rechargez cette page.',
  },
  continue: 'Continuer',
  tryAgain: 'Réessayer',
  signInAgain: 'Se connecter à nouveau',
};
