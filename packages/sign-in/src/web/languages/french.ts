import type { Words } from './words.js';

export const french: Words = {
  actionRequired: {
    title: 'Adobe ou Frame.io a d’abord besoin d’une action de votre part',
    text: 'Vous n’êtes pas encore connecté. Continuez sur leur page, effectuez ce qui est demandé, puis connectez-vous à nouveau.',
  },
  declined: {
    title: 'Vous ne vous êtes pas connecté',
    text: 'Vous avez refusé : aucune donnée n’a été partagée avec cette application.',
  },
  confirmation: {
    title: 'Se connecter à Frame.io ?',
    text: 'Un autre site vous a envoyé ici pour vous connecter, peut-être avec un compte qui n’est pas le vôtre. Ne continuez que si vous souhaitez vous connecter.',
  },
  notLoggedIn: {
    title: 'Identifiez-vous d’abord',
    text: 'Vous pourrez associer Frame.io une fois identifié auprès de cette application.',
  },
  notCompleted: {
    title: 'La connexion n’a pas abouti',
    text: 'Elle a été commencée dans un autre navigateur, a pris trop de temps ou était déjà terminée. Recommencez-la ici.',
  },
  notAllowed: {
    title: 'Rien n’a été modifié',
    text: 'Un autre site a envoyé cette demande. Utilisez les pages de cette application.',
  },
  outage: {
    title: 'La connexion ne fonctionne pas pour le moment',
    text: 'Il y a un problème ici ou chez Frame.io, et rien n’est perdu. Réessayez : rechargez cette page dans quelques minutes.',
  },
  continue: 'Continuer',
  tryAgain: 'Réessayer',
  signInAgain: 'Se connecter à nouveau',
};
