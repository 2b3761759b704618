'use strict';
// The platform's data: who is there, what was said, who may call. Pure but for ids and the clock, which a test may move.

const crypto = require('node:crypto');

// How many events of a session the platform keeps for those who were away.
const EVENTS_KEPT = 200;

const id24 = () => crypto.randomBytes(12).toString('hex');

class World {
  constructor() {
    this.clockMs = 0;
    this.users = new Map();
    this.agents = new Map(); // token → agent
    this.sessions = new Map();
    this.panels = new Map();
    this.invites = new Map();
    this.groupId = id24();
    this.workspaceId = id24();
    this.sent = []; // what agents said, each commit once
    this.listeners = new Set(); // (target, event) → told of every event
  }

  now() {
    return new Date(Date.now() + this.clockMs);
  }

  addUser(user) {
    const full = { nickname: user.userId, email: null, avatar: null, type: 'user', agentId: null, ...user };
    this.users.set(full.userId, full);
    return full;
  }

  addAgent(agent = {}) {
    const token = agent.token ?? `claw_${crypto.randomBytes(24).toString('hex')}`;
    const userId = agent.userId ?? id24();
    const agentId = agent.agentId ?? id24();
    this.addUser({ userId, nickname: agent.name ?? userId, type: 'agent', agentId });
    const full = { token, userId, agentId, workspaceId: this.workspaceId, groupId: this.groupId, ownerId: agent.ownerId ?? null };
    this.agents.set(token, full);
    return full;
  }

  rotate(agent) {
    this.agents.delete(agent.token);
    agent.token = `claw_${crypto.randomBytes(24).toString('hex')}`;
    this.agents.set(agent.token, agent);
    return agent;
  }

  author(userId) {
    const { nickname, email, avatar, type, agentId } = this.users.get(userId) ?? { nickname: userId, email: null, avatar: null, type: 'user', agentId: null };
    return { userId, nickname, email, avatar, type, agentId };
  }

  addSession({ sessionId, participants = [], visibility = 'private', metadata = {} } = {}) {
    const converseId = id24();
    const at = this.now().toISOString();
    const session = {
      sessionId: sessionId ?? `session_${converseId}`, converseId, participants: [...participants], visibility, metadata,
      status: 'active', createdAt: at, updatedAt: at, messages: [], events: [], seq: 0, kind: 'session',
    };
    this.sessions.set(session.sessionId, session);
    return session;
  }

  addPanel({ panelId, name = 'general', type = 0, ...more } = {}) {
    const panel = { id: panelId ?? id24(), name, type, ...more, messages: [], seq: 0, kind: 'panel' };
    this.panels.set(panel.id, panel);
    return panel;
  }

  target({ sessionId, panelId }) {
    return sessionId === undefined ? this.panels.get(panelId) : this.sessions.get(sessionId);
  }

  // Writes a message down and tells whoever listens.
  say(target, { author, content, meta = {}, replyTo, messageId, createdAt, byAgent = false }) {
    const at = createdAt === undefined ? this.now() : new Date(createdAt);
    const message = {
      messageId: messageId ?? id24(), content, author, authorInfo: this.author(author), createdAt: at.toISOString(), hasRecall: false,
      meta: replyTo === undefined ? meta : { ...meta, reply: { _id: replyTo } },
    };
    target.messages.push(message);
    target.updatedAt = this.now().toISOString();
    if (byAgent) {
      const { messageId: id } = message;
      this.sent.push({ messageId: id, target: target.sessionId ?? target.id, kind: target.kind, content, replyTo: replyTo ?? null, author, atMs: at.getTime() });
    }
    const event = this.event(target, message, at);
    if (target.kind === 'session') {
      target.events.push(event);
      target.events.splice(0, target.events.length - EVENTS_KEPT);
    }
    for (const listener of this.listeners) listener(target, event, message);
    return { message, event };
  }

  event(target, message, at) {
    const sessionId = target.sessionId ?? target.id;
    const payload = {
      messageId: message.messageId, author: message.author, authorInfo: message.authorInfo, content: message.content, meta: message.meta,
      converseId: target.converseId ?? target.id,
    };
    if (target.kind === 'panel') payload.groupId = this.groupId;
    return { seq: ++target.seq, sessionId, type: 'message.add', timestamp: at.toISOString(), payload };
  }

  // What happened in a session behind a cursor, at most so many events.
  watch(session, cursor, limit) {
    const behind = session.events.filter((event) => event.seq > cursor).slice(0, limit);
    const last = behind.at(-1)?.seq ?? session.seq;
    return { sessionId: session.sessionId, cursor: last, events: behind };
  }

  // Newest first, as the platform has them.
  history(target, beforeMessageId, limit) {
    const before = target.messages.findIndex((message) => message.messageId === beforeMessageId);
    const older = before < 0 ? target.messages : target.messages.slice(0, before);
    const page = older.slice(-limit).reverse();
    const nextCursor = older.length > page.length ? (page.at(-1)?.messageId ?? null) : null;
    return { messages: page, nextCursor };
  }
}

module.exports = { World, id24 };
