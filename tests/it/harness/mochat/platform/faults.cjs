'use strict';
// What goes wrong, and how often: set by a test, looked up by whoever serves.

class Faults {
  constructor() {
    this.settings = Faults.well();
    this.rest = []; // {route, place?, kind, times?, retryAfter?, status?, above?, of?}
    this.waiting = []; // answers of the kind `kept`
  }

  // How the platform is when nothing is wrong.
  static well() {
    return {
      // refuse | reset | hang | mute | cut (behind the upgrade) | cut-open (behind the handshake) | {"cutAfterMs": n} | {"lateMs": n}
      // | {"deafAfterMs": n} (what the client says is swallowed) | {"dumbAfterMs": n} (what the server says is)
      websocket: 'ok',
      polling: 'ok', // refuse | hang | html | {"cutAfterMs": n} (a poll that waits so long) | {"lateMs": n}
      auth: 'ok', // silent | reject
      acks: 'ok', // none | bare | single | list | fail-sessions | fail-panels | {"lateMs": n} | {"refuse": [ids]}
      push: ['session', 'panel'], // inbox, notify besides
      dates: 'text', // date: as values of their own, where the parser has such
      ratePerMinute: 0, // 0: no bound
    };
  }

  set(changes) {
    for (const key of Object.keys(changes)) {
      if (!(key in this.settings)) throw new Error(`no such setting: ${key}`);
    }
    Object.assign(this.settings, changes);
  }

  add(fault) {
    const left = fault.times ?? Infinity;
    this.rest.push({ route: '*', ...fault, left });
  }

  heal() {
    this.settings = Faults.well();
    this.rest = [];
    this.release();
  }

  // Waits until the answers that are kept back may go.
  kept() {
    return new Promise((go) => this.waiting.push(go));
  }

  release() {
    this.waiting.splice(0).forEach((go) => go());
  }

  // Takes the next fault of a route, if there is one; a fault with a `place` is of that session or panel alone.
  take(route, body) {
    const there = (one) => one.place === undefined || one.place === body?.panelId || one.place === body?.sessionId;
    const fault = this.rest.find((one) => one.left > 0 && (one.route === '*' || one.route === route) && there(one));
    if (fault) fault.left -= 1;
    return fault;
  }
}

module.exports = { Faults };
