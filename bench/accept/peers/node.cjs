// Verify, de-duplicate and store in plain Node: http and ioredis.
const http = require('node:http'), crypto = require('node:crypto'), fs = require('node:fs'), path = require('node:path');
const Redis = require(require.resolve('ioredis', { paths: [process.env.NODE_FOLDER] }));
const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1', { enableAutoPipelining: true });
redis.defineCommand('acceptOrder', { numberOfKeys: 2, lua: fs.readFileSync(path.join(__dirname, 'accept.lua'), 'utf8') });
http.createServer((request, response) => {
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', async () => {
    const body = Buffer.concat(chunks);
    const mac = crypto.createHmac('sha256', process.env.SECRET).update(body).digest('base64');
    const given = request.headers['x-shopify-hmac-sha256'] ?? '';
    if (given.length !== mac.length || !crypto.timingSafeEqual(Buffer.from(given), Buffer.from(mac))) {
      response.writeHead(401, { 'content-length': 0 });
      return response.end();
    }
    const id = request.headers['x-shopify-webhook-id'];
    try {
      await redis.acceptOrder('seen:' + id, 'orders', 86400, id, request.headers['x-shopify-topic'], body);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 11 });
      response.end('{"ok":true}');
    } catch {
      response.writeHead(503, { 'content-length': 0 });
      response.end();
    }
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
