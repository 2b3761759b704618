'use strict';
// A stand-in for Mochat: REST and a real Socket.IO server on one port, a control port beside it. Prints both as one line of JSON
// and ends when its standard input does, so that it never outlives whoever started it.

const http = require('node:http');

const { World } = require('./world.cjs');
const { Faults } = require('./faults.cjs');
const { Journal } = require('./journal.cjs');
const { Rest } = require('./rest.cjs');
const { Sockets } = require('./socket.cjs');
const { control, serve } = require('./control.cjs');

// The port that the gateway speaks to; it can be shut and opened again.
class Door {
  constructor(listener, upgrade) {
    Object.assign(this, { listener, upgrade, port: 0, open: new Set() });
  }

  up() {
    this.server = http.createServer(this.listener).on('upgrade', this.upgrade);
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', (socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        resolve();
      });
    });
  }

  down() {
    return new Promise((resolve) => {
      this.server.close(resolve);
      for (const socket of this.open) socket.destroy();
    });
  }
}

async function main() {
  const [world, faults, journal] = [new World(), new Faults(), new Journal()];
  const rest = new Rest(world, faults, journal);
  const sockets = new Sockets(world, faults, journal);
  const listener = (request, response) => {
    if (sockets.isMine(request.url)) sockets.request(request, response);
    else if (rest.handles(request)) rest.serve(request, response).catch((error) => response.writeHead(500).end(error.stack));
    else response.writeHead(404, { 'Content-Type': 'text/html' }).end('<html><body>Not found</body></html>');
  };
  const upgrade = (request, socket, head) => {
    if (sockets.isMine(request.url)) sockets.upgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
  };
  const door = new Door(listener, upgrade);
  await door.up();
  const desk = http.createServer(serve(control({ world, faults, journal, sockets, door })));
  await new Promise((resolve) => desk.listen(0, '127.0.0.1', resolve));
  process.stdout.write(`${JSON.stringify({ port: door.port, control: desk.address().port })}\n`);
  process.stdin.resume().on('end', () => process.exit(0));
}

main();
