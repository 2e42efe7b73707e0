import EasyPost from '@easypost/api';

import { client, documents, text } from './common.mjs';

const secret = 's\u00e9cret, \ufb01ve'; // an accent and a ligature, which form KD takes apart
const all = documents('"id":"evt_1","object":"Event","description":"tracker.updated"');

export default {
  client: client('@easypost/api'),
  channel: 'easypost',
  secrets: { EASYPOST: secret },
  // EasyPost writes weights with a decimal point, and the client puts one in where it is missing.
  documents: [...all, all[0].replace('"note"', '"result":{"id":"trk_1","weight": 614.0},"note"')],
  covered: { headers: ['x-hmac-signature'], body: true },
  verify: (request) =>
    new EasyPost('interop').Utils.validateWebhook(request.body, request.headers, secret.normalize('NFD')).id === 'evt_1',
};
