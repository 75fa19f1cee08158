import type { Words } from './words.js';

export const japanese: Words = {
  actionRequired: {
    title: '先に Adobe または Frame.io での手続きが必要です',
    text: 'まだサインインしていません。先方のページで手続きを完了してから、もう一度サインインしてください。',
  },
  declined: {
    title: 'サインインしませんでした',
    text: '許可されなかったため、このアプリケーションとは何も共有されていません。',
  },
  confirmation: {
    title: 'Frame.io にサインインしますか？',
    text: '別のサイトからサインインのためにここに移動しました。ご自身のものではないアカウントの可能性があります。サインインする場合のみ続行してください。',
  },
  notLoggedIn: {
    title: '先にログインしてください',
    text: 'このアプリケーションにログインすると、Frame.io に接続できます。',
  },
  notCompleted: {
    title: 'サインインは完了しませんでした',
    text: '別のブラウザーで開始されたか、時間がかかりすぎたか、すでに完了しています。ここからやり直してください。',
  },
  notAllowed: {
    title: '何も変更されていません',
    text: 'この要求は別のサイトから送信されました。このアプリケーションのページを使用してください。',
  },
  outage: {
    title: '現在サインインできません',
    text: 'このサイトまたは Frame.io に問題が発生していますが、何も失われていません。数分後にこのページを再読み込みして、もう一度お試しください。',
  },
  continue: '続行',
  tryAgain: 'もう一度試す',
  signInAgain: 'もう一度サインインする',
};
