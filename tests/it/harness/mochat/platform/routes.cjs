'use strict';
// What each route does. Each gets the world, the agent whose token it was, the body, and a promise of the caller's end.

const { id24 } = require('./world.cjs');

class Refusal extends Error {
  constructor(status, message, type, data) {
    super(message);
    Object.assign(this, { status, type, data });
  }
}

const invalid = (field) => new Refusal(422, 'Parameters validation error!', 'VALIDATION_ERROR', [{ field }]);
const missing = (what) => new Refusal(404, `${what} not found`, 'NOT_FOUND');
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function text(body, field) {
  if (typeof body[field] !== 'string' || body[field] === '') throw invalid(field);
  return body[field];
}

function number(body, field, otherwise, most) {
  const value = body[field] ?? otherwise;
  if (!Number.isInteger(value) || value < 0) throw invalid(field);
  return Math.min(value, most);
}

function sessionOf({ world, agent, body }) {
  const session = world.sessions.get(text(body, 'sessionId'));
  if (!session) throw missing('session');
  if (!session.participants.includes(agent.userId)) throw new Refusal(403, 'No permission', 'FORBIDDEN');
  return session;
}

function panelOf({ world, body }) {
  const panel = world.panels.get(text(body, 'panelId'));
  if (!panel || panel.type !== 0) throw missing('panel');
  return panel;
}

function participantsOf({ world, body }) {
  if (!Array.isArray(body.participants)) throw invalid('participants');
  return body.participants.map((one) => {
    const id = typeof one === 'string' ? one : (one.id ?? [...world.users.values()].find((user) => user.email === one.email)?.userId);
    if (!world.users.has(id)) throw missing('participant');
    return id;
  });
}

const shortSession = ({ sessionId, converseId, participants, status, createdAt, updatedAt }) => ({ sessionId, converseId, participants, status, createdAt, updatedAt });
const shortMessage = ({ messageId, content, author, authorInfo, createdAt }) => ({ messageId, content, author, authorInfo, createdAt });
const shortPanel = ({ messages, seq, kind, ...panel }) => panel;

const agents = {
  'agents/selfRegister': {
    open: true,
    serve({ world, body }) {
      const { token, userId, agentId, workspaceId, groupId } = world.addAgent({ name: body.name });
      return { workspaceId, groupId, botUserId: userId, agentId, token };
    },
  },
  'agents/bind': {
    serve({ world, agent, body }) {
      const email = text(body, 'email');
      if (!EMAIL.test(email)) throw new Refusal(442, 'email is invalid', 'EntityError');
      const owner = [...world.users.values()].find((user) => user.email === email) ?? world.addUser({ userId: id24(), nickname: email.split('@')[0], email });
      agent.ownerId = owner.userId;
      const both = [agent.userId, owner.userId];
      const known = [...world.sessions.values()].find((session) => session.participants.length === 2 && both.every((one) => session.participants.includes(one)));
      const session = known ?? world.addSession({ participants: both });
      if (typeof body.greeting_msg === 'string' && body.greeting_msg !== '') {
        world.say(session, { author: agent.userId, content: body.greeting_msg, byAgent: true });
      }
      return { success: true, ownerUserId: owner.userId, sessionId: session.sessionId, converseId: session.converseId };
    },
  },
  'agents/owner': {
    serve({ world, agent }) {
      const owner = world.users.get(agent.ownerId);
      return { owner: owner ? { userId: owner.userId, nickname: owner.nickname, email: owner.email } : null };
    },
  },
  'agents/rotateToken': {
    serve({ world, agent, body }) {
      if (text(body, 'botUserId') !== agent.userId) throw new Refusal(403, 'No permission', 'FORBIDDEN');
      return { botUserId: agent.userId, token: world.rotate(agent).token };
    },
  },
};

const sessions = {
  'sessions/create': {
    serve(call) {
      const { world, agent, body } = call;
      const participants = [...new Set([agent.userId, ...participantsOf(call)])];
      const { sessionId, converseId, visibility, status } = world.addSession({ participants, visibility: body.visibility, metadata: body.metadata });
      return { sessionId, workspaceId: world.workspaceId, converseId, participants, visibility, status };
    },
  },
  'sessions/list': {
    serve({ world, agent, body }) {
      const limit = number(body, 'limit', 200, 500);
      const mine = [...world.sessions.values()].filter((session) => session.participants.includes(agent.userId));
      const newer = mine.filter((session) => body.updatedAfter === undefined || session.updatedAt > body.updatedAfter);
      return { sessions: newer.slice(0, limit).map(shortSession) };
    },
  },
  'sessions/get': { serve: (call) => { const session = sessionOf(call); return { ...shortSession(session), metadata: session.metadata }; } },
  'sessions/detail': {
    serve(call) {
      const participants = sessionOf(call).participants.map((one) => {
        const { userId, nickname, email, avatar, type } = call.world.author(one);
        return { userId, nickname, email, avatar, type, online: true };
      });
      return { participants };
    },
  },
  'sessions/messages': {
    serve(call) {
      const session = sessionOf(call);
      const { messages, nextCursor } = call.world.history(session, call.body.beforeMessageId, number(call.body, 'limit', 50, 100));
      return { sessionId: session.sessionId, messages: messages.map(({ meta, ...message }) => ({ ...message, meta })), nextCursor };
    },
  },
  'sessions/send': {
    serve(call) {
      const session = sessionOf(call);
      if (session.status !== 'active') throw new Refusal(403, 'session is closed', 'FORBIDDEN');
      const { message } = call.world.say(session, { author: call.agent.userId, content: text(call.body, 'content'), replyTo: call.body.replyTo, byAgent: true });
      return { sessionId: session.sessionId, message: shortMessage(message) };
    },
  },
  'sessions/watch': {
    async serve(call) {
      const { world, body, gone } = call;
      const session = sessionOf(call);
      const [cursor, limit] = [number(body, 'cursor', 0, Number.MAX_SAFE_INTEGER), number(body, 'limit', 100, 200)];
      const found = () => world.watch(session, cursor, limit);
      if (found().events.length === 0) await somethingIn(world, session, number(body, 'timeoutMs', 25_000, 25_000), gone);
      return found();
    },
  },
  'sessions/addParticipants': {
    serve(call) {
      const session = sessionOf(call);
      session.participants = [...new Set([...session.participants, ...participantsOf(call)])];
      return { sessionId: session.sessionId, participants: session.participants };
    },
  },
  'sessions/removeParticipants': {
    serve(call) {
      const session = sessionOf(call);
      const out = participantsOf(call);
      session.participants = session.participants.filter((one) => !out.includes(one));
      return { sessionId: session.sessionId, participants: session.participants, status: session.status };
    },
  },
  'sessions/close': { serve: (call) => { const session = sessionOf(call); session.status = 'closed'; return { sessionId: session.sessionId, status: 'closed' }; } },
};

const groups = {
  'groups/get': {
    serve({ world }) {
      const members = [...world.users.keys()].map((userId) => ({ userId, roles: [] }));
      return { _id: world.groupId, panels: [...world.panels.values()].map(shortPanel), members };
    },
  },
  'groups/createInvite': { serve: ({ world }) => { const code = id24().slice(0, 8); world.invites.set(code, world.groupId); return { code }; } },
  'groups/joinByInvite': {
    serve({ world, body }) {
      if (!world.invites.has(text(body, 'code'))) throw missing('invite');
      return { groupId: world.groupId, workspaceId: world.workspaceId };
    },
  },
  'groups/panels/send': {
    serve(call) {
      const panel = panelOf(call);
      const { message } = call.world.say(panel, { author: call.agent.userId, content: text(call.body, 'content'), replyTo: call.body.replyTo, byAgent: true });
      return { groupId: call.world.groupId, panelId: panel.id, message: shortMessage(message) };
    },
  },
  'groups/panels/messages': {
    serve(call) {
      const panel = panelOf(call);
      const page = call.world.history(panel, call.body.beforeMessageId, number(call.body, 'limit', 50, 100));
      return { groupId: call.world.groupId, panelId: panel.id, ...page };
    },
  },
  'groups/panels/create': { serve: ({ world, body }) => ({ panel: shortPanel(world.addPanel({ name: text(body, 'name'), type: number(body, 'type', 0, 2) })) }) },
  'groups/panels/modify': { serve: (call) => { const panel = panelOf(call); Object.assign(panel, { name: call.body.name ?? panel.name }); return { panel: shortPanel(panel) }; } },
  'groups/panels/delete': { serve: (call) => { call.world.panels.delete(panelOf(call).id); return {}; } },
  'users/resolve': {
    serve({ world, body }) {
      if (!Array.isArray(body.userIds)) throw invalid('userIds');
      const known = body.userIds.filter((userId) => world.users.has(userId));
      return { users: known.map((userId) => { const { agentId, ...user } = world.author(userId); return user; }) };
    },
  },
};

// Waits for something in a session, the end of the time, or of the caller.
async function somethingIn(world, session, timeoutMs, gone) {
  let stop;
  const told = new Promise((resolve) => {
    const listener = (target) => { if (target === session) resolve(); };
    world.listeners.add(listener);
    const timer = setTimeout(resolve, timeoutMs);
    stop = () => { world.listeners.delete(listener); clearTimeout(timer); };
  });
  await Promise.race([told, gone]);
  stop();
}

module.exports = { routes: { ...agents, ...sessions, ...groups }, Refusal };
