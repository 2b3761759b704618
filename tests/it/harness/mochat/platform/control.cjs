'use strict';
// How a test drives the platform and reads it: POST /<what> with a JSON object, answered by JSON.

// Puts bytes where a test writes {"$bytes": base64}, dates where it writes {"$date": ms}, undefined where it writes {"$undefined": true}.
function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.$bytes === 'string') return Buffer.from(value.$bytes, 'base64');
  if (typeof value.$date === 'number') return new Date(value.$date);
  if (value.$undefined === true) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revive(one)]));
}

const shownTarget = ({ events, messages, ...target }) => ({ ...target, messageCount: messages.length });

function control({ world, faults, journal, sockets, door }) {
  const targetOf = (body) => {
    const target = world.target(body);
    if (!target) throw new Error(`no such target: ${JSON.stringify(body)}`);
    return target;
  };
  return {
    state: () => ({
      workspaceId: world.workspaceId, groupId: world.groupId, settings: faults.settings, options: sockets.options,
      agents: [...world.agents.values()], users: [...world.users.values()],
      sessions: [...world.sessions.values()].map(shownTarget), panels: [...world.panels.values()].map(shownTarget),
    }),
    // What there is.
    agent: (body) => world.addAgent(body),
    user: (body) => world.addUser(body),
    session: (body) => shownTarget(world.addSession(body)),
    panel: (body) => shownTarget(world.addPanel(body)),
    remove: ({ sessionId, panelId }) => ({ removed: world.sessions.delete(sessionId) || world.panels.delete(panelId) }),
    revoke: ({ token }) => ({ revoked: world.agents.delete(token) }),
    clock: ({ byMs }) => { world.clockMs += byMs; return { now: world.now().toISOString() }; },
    // What is said.
    say: (body) => {
      const { message, event } = world.say(targetOf(body), body);
      return { messageId: message.messageId, seq: event.seq };
    },
    resetCursor: (body) => { const session = targetOf(body); Object.assign(session, { seq: 0, events: [] }); return {}; },
    change: ({ what, messageId, content, ...of }) => {
      const panel = targetOf(of);
      const message = panel.messages.find((one) => one.messageId === messageId);
      Object.assign(message, content === undefined ? {} : { content }, { hasRecall: what === 'recall' });
      sockets.notify(what, panel, message, world.now().toISOString());
      return {};
    },
    emit: ({ event, args = [] }) => { sockets.io.emit(event, ...revive(args)); return {}; },
    call: async ({ event, args = [], timeoutMs = 10_000 }) => ({ answers: await sockets.io.timeout(timeoutMs).emitWithAck(event, ...revive(args)) }),
    // How it is.
    set: (body) => { faults.set(body); return faults.settings; },
    fault: (body) => { faults.add(body); return {}; },
    release: () => { faults.release(); return {}; },
    heal: () => { faults.heal(); return {}; },
    options: (body) => { sockets.renew(body); return sockets.options; },
    kick: () => ({ count: sockets.kick() }),
    drop: () => ({ count: sockets.drop() }),
    hangUp: () => ({ count: sockets.hangUp() }),
    down: async () => { sockets.drop(); await door.down(); return {}; },
    up: async () => { await door.up(); return {}; },
    // What happened.
    sockets: () => ({ sockets: sockets.list() }),
    journal: ({ since = 0 }) => journal.since(since),
    counts: () => journal.counts,
    sent: ({ since = 0 }) => ({ sent: world.sent.slice(since) }),
    messages: (body) => ({ messages: targetOf(body).messages }),
  };
}

// Serves the control port.
function serve(orders) {
  return async (request, response) => {
    const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    try {
      const parts = [];
      for await (const part of request) parts.push(part);
      const order = orders[request.url.slice(1)];
      if (!order) return answer(404, { error: `no such order: ${request.url}` });
      answer(200, await order(parts.length ? JSON.parse(Buffer.concat(parts).toString('utf8')) : {}));
    } catch (error) {
      answer(500, { error: error.stack });
    }
  };
}

module.exports = { control, serve };
