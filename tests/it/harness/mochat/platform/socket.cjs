'use strict';
// The platform's Socket.IO side: a real server, behind a door that lets through what a test allows.

const { Server: EngineServer } = require('engine.io');
const { Server } = require('socket.io');
const msgpack = require('socket.io-msgpack-parser');
const { WebSocketServer } = require('ws');

const DEFAULTS = { parser: 'msgpack', transports: ['websocket'], path: '/socket.io', pingInterval: 25_000, pingTimeout: 20_000, maxHttpBufferSize: 1_000_000, cookie: false };
const IM = 'com.claw.im.';

class Sockets {
  constructor(world, faults, journal) {
    Object.assign(this, { world, faults, journal });
    this.raw = new Set(); // TCP sockets of every upgrade
    this.muted = new WebSocketServer({ noServer: true });
    this.options = DEFAULTS;
    this.renew({});
    world.listeners.add((target, event, message) => this.push(target, event, message));
  }

  // Begins anew with other options: every connection is cut.
  renew(changes) {
    for (const key of Object.keys(changes)) {
      if (!(key in DEFAULTS)) throw new Error(`no such option: ${key}`);
    }
    this.drop();
    this.engine?.close();
    this.options = { ...this.options, ...changes };
    const { parser, ...engine } = this.options;
    this.engine = new EngineServer(engine);
    this.engine.on('connection', (client) => {
      if (this.faults.settings.websocket === 'cut-open' && client.transport.name === 'websocket') client.request.socket.destroy();
    });
    this.io = new Server({ parser: parser === 'msgpack' ? msgpack : undefined });
    this.io.bind(this.engine);
    this.io.use((socket, next) => this.admit(socket, next));
    this.io.on('connection', (socket) => this.connected(socket));
  }

  isMine(url) {
    const { pathname } = new URL(url, 'http://any');
    return pathname === `${this.options.path}/`;
  }

  // Serves a request of polling.
  request(request, response) {
    this.journal.note('polling', { name: request.method, cookie: request.headers.cookie ?? null });
    const fault = this.faults.settings.polling;
    if (fault === 'refuse') return void response.writeHead(503, { 'Content-Type': 'text/plain' }).end('no polling here');
    if (fault === 'html') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>Welcome</body></html>');
    if (fault === 'hang') return;
    if (fault.cutAfterMs !== undefined && request.method === 'GET') {
      const timer = setTimeout(() => request.socket.destroy(), fault.cutAfterMs);
      response.on('close', () => clearTimeout(timer));
    }
    if (fault.lateMs === undefined) this.engine.handleRequest(request, response);
    else setTimeout(() => this.engine.handleRequest(request, response), fault.lateMs);
  }

  // Serves an upgrade.
  upgrade(request, socket, head) {
    const kind = new URL(request.url, 'http://any').searchParams.has('sid') ? 'probe' : 'upgrade';
    this.journal.note(kind, { cookie: request.headers.cookie ?? null });
    this.raw.add(socket);
    socket.on('close', () => this.raw.delete(socket));
    socket.on('error', () => {});
    const fault = this.faults.settings.websocket;
    if (fault === 'refuse') return void socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 11\r\nConnection: close\r\n\r\nnot allowed');
    if (fault === 'reset') return void socket.destroy();
    if (fault === 'hang') return;
    if (fault === 'mute') return this.muted.handleUpgrade(request, socket, head, () => {});
    // A probe has no handshake of its own.
    if (fault === 'cut' || (fault === 'cut-open' && kind === 'probe')) return this.muted.handleUpgrade(request, socket, head, () => socket.destroy());
    if (fault.cutAfterMs !== undefined) setTimeout(() => socket.destroy(), fault.cutAfterMs);
    // Nobody reads any more; what is written goes nowhere.
    if (fault.deafAfterMs !== undefined) setTimeout(() => { socket.removeAllListeners('data'); socket.pause(); }, fault.deafAfterMs);
    if (fault.dumbAfterMs !== undefined) setTimeout(() => { socket.write = () => true; }, fault.dumbAfterMs);
    if (fault.lateMs === undefined) this.engine.handleUpgrade(request, socket, head);
    else setTimeout(() => this.engine.handleUpgrade(request, socket, head), fault.lateMs);
  }

  admit(socket, next) {
    const token = socket.handshake.auth?.token;
    this.journal.note('connect', { token: token ?? null, transport: socket.conn.transport.name });
    const { auth } = this.faults.settings;
    if (auth === 'silent') return;
    if (auth === 'reject') return next(new Error('Token invalid'));
    if (typeof token !== 'string') return next(new Error('Token cannot be empty'));
    const agent = this.world.agents.get(token);
    if (!agent) return next(new Error('Token invalid'));
    socket.data.agent = agent;
    next();
  }

  connected(socket) {
    const { agent } = socket.data;
    socket.join(`user:${agent.userId}`);
    socket.onAny((name, ...args) => this.called(socket, name, args));
    socket.on('disconnect', (reason) => this.journal.note('disconnect', { name: reason }));
  }

  called(socket, name, args) {
    const ack = typeof args.at(-1) === 'function' ? args.pop() : () => {};
    this.journal.note('emit', { name, args });
    const { acks } = this.faults.settings;
    if (acks === 'none') return;
    const answer = () => {
      if (name === `${IM}subscribeSessions`) return ack(...this.subscribeSessions(socket, args[0], acks));
      if (name === `${IM}subscribePanels`) return ack(...this.subscribePanels(socket, args[0], acks));
      if (name === `${IM}unsubscribeSessions`) return ack(this.unsubscribe(socket, 'session', args[0]?.sessionIds));
      if (name === `${IM}unsubscribePanels`) return ack(this.unsubscribe(socket, 'panel', args[0]?.panelIds));
      if (name === 'echo') return ack(...args);
      ack({ result: false, message: 'Service unavailable' });
    };
    if (acks.lateMs === undefined) answer();
    else setTimeout(answer, acks.lateMs);
  }

  subscribeSessions(socket, payload, acks) {
    const { sessionIds = [], cursors = {}, limit = 100 } = payload ?? {};
    if (acks === 'fail-sessions' || sessionIds.some((id) => acks.refuse?.includes(id))) return [{ result: false, message: 'No permission' }];
    const mine = sessionIds.map((id) => this.world.sessions.get(id)).filter((one) => one?.participants.includes(socket.data.agent.userId));
    mine.forEach((session) => socket.join(`session:${session.sessionId}`));
    const missed = mine.map((session) => this.world.watch(session, cursors[session.sessionId] ?? 0, limit));
    switch (acks) {
      case 'bare': return [missed];
      case 'list': return [{ result: true, data: missed }];
      case 'single': return [{ result: true, data: missed[0] ?? {} }];
      default: return [{ result: true, data: { sessions: missed } }];
    }
  }

  subscribePanels(socket, payload, acks) {
    const asked = payload?.panelIds ?? [];
    if (acks === 'fail-panels' || asked.some((id) => acks.refuse?.includes(id))) return [{ result: false, message: 'No permission' }];
    const all = [...this.world.panels.values()].filter((panel) => panel.type === 0).map((panel) => panel.id);
    const panelIds = asked.length === 0 ? all : asked.filter((id) => all.includes(id));
    panelIds.forEach((id) => socket.join(`panel:${id}`));
    return [{ result: true, data: { panelIds, groupId: this.world.groupId } }];
  }

  unsubscribe(socket, kind, ids = []) {
    ids.forEach((id) => socket.leave(`${kind}:${id}`));
    return { result: true, data: {} };
  }

  // Tells those who subscribed, in the ways that the test wants.
  push(target, event, message) {
    const { push, dates } = this.faults.settings;
    const at = dates === 'date' ? new Date(event.timestamp) : event.timestamp;
    if (target.kind === 'session') {
      const batch = { sessionId: target.sessionId, cursor: event.seq, events: [{ ...event, timestamp: at }] };
      if (push.includes('session')) this.io.to(`session:${target.sessionId}`).emit('claw.session.events', batch);
      if (push.includes('inbox')) target.participants.filter((one) => one !== message.author).forEach((one) => this.inbox(one, target, message, at));
      return;
    }
    if (push.includes('panel')) {
      const batch = { sessionId: target.id, cursor: event.seq, events: [{ ...event, timestamp: at }] };
      this.io.to(`panel:${target.id}`).emit('claw.panel.events', batch);
    }
    if (push.includes('notify')) this.notify('add', target, message, at);
  }

  inbox(userId, session, message, at) {
    const payload = { converseId: session.converseId, messageId: message.messageId, messageAuthor: message.author, messageSnippet: message.content.slice(0, 50), messagePlainContent: message.content };
    this.io.to(`user:${userId}`).emit('notify:chat.inbox.append', { _id: `inbox-${message.messageId}`, userId, type: 'message', readed: false, createdAt: at, payload });
  }

  notify(what, panel, message, at) {
    const document = {
      _id: message.messageId, content: message.content, author: message.author, authorInfo: message.authorInfo, groupId: this.world.groupId,
      converseId: panel.id, reactions: [], hasRecall: message.hasRecall, meta: message.meta, createdAt: at, updatedAt: at,
    };
    this.io.to(`panel:${panel.id}`).emit(`notify:chat.message.${what}`, document);
  }

  // Ends every namespace by a packet; the transports go on.
  kick() {
    const kicked = this.io.of('/').sockets.size;
    this.io.of('/').disconnectSockets(false);
    return kicked;
  }

  // Cuts every transport without a word.
  drop() {
    const cut = this.raw.size;
    for (const socket of this.raw) socket.destroy();
    for (const client of Object.values(this.engine?.clients ?? {})) {
      if (client.transport.name === 'polling') client.transport.req?.socket.destroy();
    }
    return cut;
  }

  // Closes every transport in order.
  hangUp() {
    const clients = Object.values(this.engine.clients);
    clients.forEach((client) => client.close());
    return clients.length;
  }

  list() {
    const shown = ({ id, conn, rooms, handshake, data }) => ({ id, transport: conn.transport.name, rooms: [...rooms], token: handshake.auth?.token ?? null, userId: data.agent?.userId ?? null });
    return [...this.io.of('/').sockets.values()].map(shown);
  }
}

module.exports = { Sockets };
