import type { Words } from './words.js';

export const japanese: Words = {
  actionRequired: {
    title: '先にお手続きが必要です',
    text: '表示された手続きを完了してから、もう一度サインインしてください。',
  },
  declined: {
    title: 'サインインしませんでした',
    text: 'お客様の情報はこのアプリケーションと共有されていません。',
  },
  confirmation: {
    title: 'Frame.io にサインインしますか？',
    text: '別のサイトからここに移動しました。サインインする場合のみ続行してください。',
  },
  notLoggedIn: {
    title: '先にログインしてください',
    text: 'このアプリケーションにログインしてから、もう一度お試しください。',
  },
  notCompleted: {
    title: 'サインインは完了しませんでした',
    text: '別のブラウザーで開始されたか、時間が経ちすぎたか、すでに完了している可能性があります。',
  },
  notAllowed: {
    title: '何も実行されませんでした',
    text: 'このアプリケーションのページから送信された要求ではありません。',
  },
  outage: {
    title: '現在ご利用いただけません',
    text: '何も失われていません。しばらくしてから、このページを再読み込みしてもう一度お試しください。',
  },
  continue: '続行',
  tryAgain: 'もう一度試す',
  signInAgain: 'もう一度サインインする',
};
