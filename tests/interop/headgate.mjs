// A Headgate of the tests' own: a real process on free ports, in a folder that goes away with it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const config = fileURLToPath(new URL('config', import.meta.url));
const binary = process.env.HEADGATE_BINARY ?? fileURLToPath(new URL('../../build/release/headgate', import.meta.url));

async function collected(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export class Headgate {
  #environment;
  #folder;
  #process;
  #port;
  #log = '';
  #agent = new http.Agent({ keepAlive: true });

  /// `environment` has the secrets of the channels.
  static async start(environment) {
    const headgate = new Headgate();
    headgate.#environment = { ...process.env, ...environment };
    headgate.#folder = await mkdtemp(join(tmpdir(), 'headgate-interop-'));
    await headgate.#run();
    return headgate;
  }

  async #run() {
    const data = join(this.#folder, 'data');
    const free = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
    this.#process = spawn(binary, ['run', '--config', config, '--data', data, ...free], { env: this.#environment });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream.on('data', (text) => (this.#log += text));
    let failed;
    this.#process.on('error', (error) => (failed = error));
    for (let i = 0; i < 1500 && !failed && this.#process.exitCode === null; ++i) {
      const text = await readFile(join(data, 'run.json'), 'utf8').catch(() => '');
      if (text) {
        this.#port = Number(JSON.parse(text).public.split(':').at(-1));
        return;
      }
      await sleep(20);
    }
    const why = failed ? `${binary}: ${failed.message}` : this.#log;
    await this.stop();
    throw new Error(`Headgate did not start (HEADGATE_BINARY names another one): ${why}`);
  }

  async stop() {
    this.#agent.destroy();
    if (this.#process.pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      const late = setTimeout(() => this.#process.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
    }
    if (!process.env.HEADGATE_KEEP) await rm(this.#folder, { recursive: true, force: true });
  }

  /// What the channel answers: `status`, and the `body` as text. A request without a method is a POST.
  async ask(channel, { method = 'POST', query = '', headers = {}, body = '' }) {
    const path = `/hooks/${channel}${query}`;
    const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path, headers };
    const request = http.request(options);
    request.end(body);
    const [answer] = await once(request, 'response');
    return { status: answer.statusCode, body: (await collected(answer)).toString() };
  }

  /// The request that `headgate send` makes and signs. It posts to whatever run.json of its data folder names, and here
  /// that is a server of ours. Without `body` it sends the connector's sample.
  async signed(channel, body) {
    const requests = [];
    const server = http.createServer(async (request, response) => {
      requests.push({ headers: request.headers, body: await collected(request) });
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const outbox = join(this.#folder, 'outbox');
    await mkdir(outbox, { recursive: true });
    const address = `127.0.0.1:${server.address().port}`;
    const running = { pid: process.pid, public: address, config, data: join(this.#folder, 'data') };
    await writeFile(join(outbox, 'run.json'), JSON.stringify(running));
    try {
      const from = body === undefined ? [] : ['--file', '-'];
      const send = spawn(binary, ['send', channel, '--data', outbox, ...from], { env: this.#environment });
      send.stdin.on('error', () => {});
      send.stdin.end(body);
      const [out, err, [code]] = await Promise.all([collected(send.stdout), collected(send.stderr), once(send, 'exit')]);
      if (code !== 0) throw new Error(`headgate send ${channel}: exit ${code}: ${out}${err}`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
    const [{ headers, body: bytes }] = requests;
    for (const name of ['host', 'connection', 'content-length', 'transfer-encoding']) delete headers[name];
    return { headers, body: bytes };
  }
}
